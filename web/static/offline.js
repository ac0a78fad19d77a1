// In the place of a page that could not be had: the numbers whose pages are
// kept, the newest first; with the network the page itself comes.
import { fill } from "./words.js";

const list = document.getElementById("kept"), MOST = 5;

addEventListener("online", () => location.reload());

async function kept() {
	const pages = await caches.open("pages"), asked = await pages.keys();
	for (const r of asked.reverse()) {
		const page = new DOMParser().parseFromString(await (await pages.match(r)).text(), "text/html"), held = page.querySelectorAll("[data-number]");
		if (!new URL(r.url).pathname.startsWith("/t/") || held.length !== 1 || list.children.length === MOST) continue;
		const li = document.getElementById("one").content.firstElementChild.cloneNode(true), a = li.querySelector("a");
		a.href = r.url;
		a.querySelector("span").textContent = fill(list.dataset.number, { service: page.querySelector("h1").textContent, n: held[0].dataset.number });
		list.append(li);
	}
	list.hidden = !list.children.length;
}
if (window.caches) kept();
