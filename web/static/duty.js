// The open day of an organizer: counts follow the market. When a line stops,
// goes on or stands elsewhere its buttons change, so the page is loaded again.
import { follow } from "./live.js";
import { fill, scaled } from "./words.js";

const root = document.querySelector("[data-live]");
const lines = new Map(); // the newest frame of each: every figure of the page is of them
const put = (e, says) => { if (e && e.textContent !== says) e.textContent = says; };

// A way that was just taken is not taken back by loading the page again.
let leaving = false;
addEventListener("beforeunload", () => {
	leaving = true;
	setTimeout(() => { leaving = false; }, 5000); // it was a file
});

function again() {
	if (!leaving && !document.querySelector(".busy details[open]")) location.reload();
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
	put(band, f.wait.known ? "· " + fill(band.dataset[wait.unit], wait) : "");
	const called = f.called.concat(f.serving).join(" · ");
	const now = card.querySelector("[data-called]");
	put(now, fill(root.dataset.calling, { numbers: called }));
	now.hidden = !called;
	figures();
}

for (const card of root.querySelectorAll("[data-line]")) lines.set(card.dataset.line, card.dataset);
follow(root.dataset.live, {
	onLine: line,
	onDay: d => d.state === "open" ? put(root.querySelector("[data-arrivals]"), String(d.arrivals)) : leaving || location.reload(),
	onState: s => { for (const e of document.querySelectorAll("[data-net]")) e.hidden = e.dataset.net !== s; },
});
