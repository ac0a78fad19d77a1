// What one brings stands beside the button while it is changed, and the time
// left for an answer counts down.
import { fill } from "./words.js";

for (const form of document.querySelectorAll("[data-claim]")) {
	const out = form.querySelector("[data-brings]");
	const tell = () => {
		const names = [...form.querySelectorAll("[name=services]:checked")].map(box => {
			const n = form.elements["stock." + box.value]?.value.trim();
			return box.dataset.name + (n ? " " + fill(out.dataset.pieces, { n }) : "");
		});
		out.textContent = names.join(out.dataset.comma);
	};
	form.addEventListener("input", tell);
	form.addEventListener("invalid", e => { e.target.closest("details").open = true; }, true);
}

// By this page's own watch: the clock of a phone may be wrong.
const begun = Date.now();
function count() {
	for (const e of document.querySelectorAll("[data-left]")) {
		const m = Math.max(0, Math.floor((e.dataset.left - (Date.now() - begun) / 1000) / 60));
		const d = Math.floor(m / 1440), h = Math.floor(m / 60) % 24;
		e.textContent = fill(d ? e.dataset.days : h ? e.dataset.hours : e.dataset.minutes, { d, h, m: m % 60 });
	}
}
if (document.querySelector("[data-left]")) setInterval(count, 20000);
