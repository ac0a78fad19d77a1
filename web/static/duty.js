// The open day of an organizer: counts follow the market. When a line stops,
// goes on or stands elsewhere its buttons change: the cards are asked for again.
import { follow } from "./live.js";
import { fill, scaled } from "./words.js";

let root = document.querySelector("[data-live]"), asking = false;
const lines = new Map(); // the newest frame of each: every figure of the page is of them
const put = (e, says) => { if (e && e.textContent !== says) e.textContent = says; };

function read() {
	lines.clear();
	for (const card of root.querySelectorAll("[data-line]")) lines.set(card.dataset.line, card.dataset);
}

// again takes the cards anew from the server and leaves the page where it is:
// a way that somebody is just taking is not taken back.
async function again() {
	if (asking || document.querySelector(".busy details[open]")) return;
	asking = true;
	try {
		const answer = await fetch(location.href);
		if (!answer.ok) return; // what is shown is better than an error
		const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
		if (!fresh) return location.reload(); // the day is no longer open
		root.replaceWith(fresh);
		root = fresh;
		read();
	} catch { // no network: the next frame asks again
	} finally { asking = false; }
}

function figures() {
	let n = 0, issued = 0;
	for (const l of lines.values()) {
		n += Number(l.waiting);
		issued += Number(l.issued);
	}
	put(root.querySelector("[data-in-line]"), String(n));
	put(root.querySelector("[data-tickets]"), String(issued));
	const lead = document.querySelector("[data-lead]");
	put(lead, fill(lead.dataset.lead, { n }));
}

function line(f) {
	const card = root.querySelector('[data-line="' + f.line + '"]');
	if (!card) return f.state === "removed" ? undefined : again();
	if (card.dataset.state !== f.state || card.dataset.booth !== f.booth) return again();
	lines.set(f.line, f);
	put(card.querySelector("[data-waits]"), fill(root.dataset.waits, { n: f.waiting }));
	const band = card.querySelector("[data-band]"), wait = scaled(f.wait);
	put(band, f.wait.known ? fill(band.dataset[wait.unit], wait) : "");
	band.hidden = !f.wait.known;
	const called = f.called.concat(f.serving).join(" · ");
	const now = card.querySelector("[data-called]");
	put(now, fill(root.dataset.calling, { numbers: called }));
	now.hidden = !called;
	figures();
}

read();
follow(root.dataset.live, {
	onLine: line,
	onDay: d => d.state === "open" ? put(root.querySelector("[data-arrivals]"), String(d.arrivals)) : location.reload(),
	onState: s => { for (const e of document.querySelectorAll("[data-net]")) e.hidden = e.dataset.net !== s; },
});
