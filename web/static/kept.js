// Keeps the page of the desk for the time without a network: the service worker
// answers with it when the house cannot be reached. It is that of one login;
// found by another one, it takes itself away.
const FILES = "files", PAGES = "desk";
const root = document.documentElement;

// desk is the address of the page, also where a look-up has shown it.
export const desk = location.pathname.split("/", 3).join("/");

// stored says whether this page came out of the store.
export const stored = "kept" in root.dataset;

// mine shows a page of the store to the login it was made for.
export async function mine(login) {
	if (stored && !document.cookie.split("; ").includes(login)) {
		await caches.delete(PAGES);
		location.replace("/login");
		return false;
	}
	document.body.hidden = false;
	return true;
}

// keep puts the page into the store as the server now has it, its files first.
// It answers that page, null when there is none.
export async function keep() {
	const answer = await fetch(desk, { cache: "no-store" });
	if (answer.status >= 500) return null;
	const text = await answer.text(), page = new DOMParser().parseFromString(text, "text/html"), files = page.getElementById("given")?.dataset.files;
	if (!answer.ok || answer.redirected || !files) {
		await window.caches?.delete(PAGES);
		return null;
	}
	if (navigator.serviceWorker?.controller) await put(text, files.split(" ")).catch(() => {}); // no room: it is not kept
	return page;
}

async function put(text, names) {
	const files = await caches.open(FILES), pages = await caches.open(PAGES);
	for (const name of names) if (!await files.match(name)) await files.add(name);
	await pages.put(desk, new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8" } }));
}

// begin keeps the page from now on, also when a newer house has taken over.
export function begin() {
	if (!navigator.serviceWorker) return; // a page of plain http has none
	const again = () => keep().catch(() => {});
	navigator.serviceWorker.addEventListener("controllerchange", again);
	navigator.serviceWorker.register("/sw.js").catch(() => {});
	if (navigator.serviceWorker.controller && !stored) again();
}
