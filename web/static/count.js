// Goes on counting where the page stopped: how long until it opens.
import { fill } from "./words.js";

const began = performance.now();

function tick() {
	for (const e of document.querySelectorAll("[data-left]")) {
		const left = Math.ceil((e.dataset.left - (performance.now() - began)) / 60000);
		if (left <= 0) return location.reload();
		const d = Math.floor(left / 1440), h = Math.floor(left / 60) % 24, m = left % 60;
		const words = d ? e.dataset.days : h ? e.dataset.hours : e.dataset.minutes;
		const text = fill(words, { d, h, m });
		if (e.textContent !== text) e.textContent = text;
	}
}
if (document.querySelector("[data-left]")) {
	setInterval(tick, 5000);
	document.addEventListener("visibilitychange", tick);
}
