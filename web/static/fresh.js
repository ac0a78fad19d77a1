// What live pages of residents share: the words come from the server, numbers
// are written in place, and a page whose network is gone says how old it is.
import { follow } from "./live.js";
import { numbered, scaled } from "./words.js";

const stale = document.getElementById("stale");
let base = Date.now(), heard = base;

// clock is a time of day at the market, by the server's clock.
function clock(at) {
	const t = new Date(+stale.dataset.now + at - base);
	return new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "2-digit", timeZone: stale.dataset.zone }).format(t).replace(/^0/, "");
}

// write puts numbers into a text of the server: {n} stands out, others do not.
export function write(e, text, numbers) {
	const parts = numbered(text, numbers).split(/(\{\w+\})/).map(p => {
		const name = p.slice(1, -1);
		if (!(p[0] === "{" && name in numbers)) return p;
		if (name !== "n") return String(numbers[name]);
		const b = document.createElement("b");
		b.className = "n";
		b.textContent = numbers.n;
		return b;
	});
	const before = e.textContent;
	const now = parts.map(p => p.textContent ?? p).join("");
	if (before.trim() !== now.trim()) e.replaceChildren(...parts);
}

// show writes numbers into the element of a name, or hides it when there are none.
export function show(root, name, numbers) {
	const e = root.querySelector(`[data-${name}]`);
	if (!e) return;
	e.hidden = !numbers;
	if (numbers) write(e, e.dataset[numbers.unit ?? "text"], numbers);
}

export const band = (wait, waiting) => wait.known && waiting > 0 ? scaled(wait) : null;
export const called = l => l.calls.length ? { n: l.calls[0].number } : null;
export const sig = l => l.state + ":" + (l.why_code || l.why || "") + (l.desk_only ? ":desk" : "");

let asking = false, again = false, finger = null;

// a button does not go away under a finger: what is new waits until it is up
addEventListener("pointerdown", () => finger ??= Promise.withResolvers?.() ?? null, true);
for (const up of ["pointerup", "pointercancel"]) addEventListener(up, () => setTimeout(() => { finger?.resolve(); finger = null; }), true);

// fresh asks for the words of the page anew and puts them in the place of the
// old ones; what was unfolded stays so, and the finger stays where it is.
export async function fresh() {
	if (asking) return void (again = true);
	asking = true;
	try {
		const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html", "X-Fresh": "1" }, cache: "no-store" });
		if (!answer.ok) throw new Error(answer.status);
		const next = new DOMParser().parseFromString(await answer.text(), "text/html");
		await finger?.promise;
		put(next);
	} catch {
		setTimeout(fresh, 3000);
	} finally {
		asking = false;
		if (again) {
			again = false;
			fresh();
		}
	}
}

function put(next) {
	const whole = document.getElementById("whole"), now = next.getElementById("whole"), time = next.getElementById("stale");
	if (!now) return;
	const open = [...whole.querySelectorAll("details")].map(d => d.open);
	[...now.querySelectorAll("details")].forEach((d, i) => d.open = open[i] || d.open);
	const at = document.activeElement, where = [...whole.querySelectorAll("a, button, summary")].indexOf(at);
	whole.replaceWith(document.adoptNode(now));
	if (where >= 0) [...now.querySelectorAll("a, button, summary")][where]?.focus({ preventScroll: true });
	document.title = next.title;
	base = Date.now();
	if (time) stale.dataset.now = time.dataset.now;
	document.dispatchEvent(new Event("fresh"));
	fill();
	keep();
}

// keep puts the page as it stands into the store of the service worker, if it
// is one of those that are kept.
export function keep() {
	if (!stale.dataset.keep || !window.caches) return;
	const copy = document.documentElement.cloneNode(true), s = copy.querySelector("#stale");
	s.dataset.now = Math.round(+stale.dataset.now + heard - base);
	s.textContent = stale.dataset.text.replace("{time}", clock(heard));
	s.setAttribute("hidden", "");
	for (const n of copy.querySelectorAll(".note, .wrong")) n.remove();
	const page = new Response("<!DOCTYPE html>" + copy.outerHTML, { headers: { "Content-Type": "text/html; charset=utf-8" } });
	caches.open("pages").then(async c => {
		await c.put(location.pathname, page);
		for (const old of (await c.keys()).slice(0, -20)) await c.delete(old);
	}).catch(() => {}); // no room: the page is not kept
}

// fill writes the newest numbers known into the page.
const lines = new Map();
let draw = () => {};
const fill = () => lines.forEach(l => draw(l));

let gone = false;

function lost(yes) {
	gone = yes;
	if (yes) stale.textContent = stale.dataset.text.replace("{time}", clock(heard));
	stale.hidden = !yes;
	marks();
}

// marks are the small signs of how fresh the page is.
function marks() {
	document.documentElement.classList.toggle("lost", gone);
	for (const e of document.querySelectorAll("[data-clock]")) write(e, e.dataset.text, { time: clock(gone ? heard : Date.now()) });
}

// live follows the day of the page: drawLine writes a line, day hears of the
// day at its address, of which there may be several.
export function live(drawLine, day) {
	draw = drawLine;
	const hear = () => heard = Date.now();
	marks();
	setInterval(marks, 15000);
	addEventListener("offline", () => lost(true));
	addEventListener("online", () => fresh());
	document.addEventListener("fresh", () => { hear(); lost(false); });
	for (const at of stale.dataset.live.split(" ")) if (at) follow(at, {
		onLine: l => { hear(); if (gone) lost(false); lines.set(l.line, l); draw(l); keep(); },
		onDay: d => { hear(); day(d, at); },
		onState: s => { if (s !== "offline") hear(); lost(s === "offline"); },
	});
}

if (navigator.serviceWorker) navigator.serviceWorker.register("/sw.js").catch(() => {}); // a page of plain http has none
document.addEventListener("submit", e => {
	if (!/\/forget$/.test(new URL(e.target.action).pathname) || !window.caches) return;
	stale.dataset.keep = "";
	caches.delete("pages");
	localStorage.removeItem("yiji.take");
});
