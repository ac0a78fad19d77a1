// The console of a line. A pressed button is sent by a script: the answer's
// #line takes the place of this page's. An order whose answer is lost is kept,
// also over a reload, and repeated with the key it had: the server does it once.
import { follow } from "./live.js";

const box = document.getElementById("line");
document.querySelector(".lines [aria-current]")?.scrollIntoView({block: "nearest", inline: "nearest"});
const kept = "yiji.line." + box.dataset.line;
const patience = 8000; // for one answer, in milliseconds
const tooOld = 600000; // an order nobody remembers giving is not given any more
let sending = false, sent = 0, again = 0, tries = 0;

const remembered = () => {
	try {
		const o = JSON.parse(localStorage.getItem(kept));
		if (o && Date.now() - o.at < tooOld) return o;
		localStorage.removeItem(kept);
	} catch {}
	return null;
};
const remember = o => { try { o ? localStorage.setItem(kept, JSON.stringify(o)) : localStorage.removeItem(kept); } catch {} };

function net(state) { // "", "lost" or "kept"
	const bar = document.querySelector("[data-net]");
	bar.hidden = !state;
	for (const s of ["lost", "kept"]) bar.querySelector("[data-" + s + "]").hidden = s !== state;
}

// busy takes the buttons away until there is an answer; the pressed one says that it is sent.
function busy(button) {
	for (const b of box.querySelectorAll("button")) b.disabled = true;
	if (!button) return;
	button.setAttribute("aria-busy", "true");
	(button.querySelector("span") || button).textContent = box.dataset.sending;
}

const which = form => form && form.elements.do ? form.elements.do.value + ":" + (form.elements.do.value === "next" ? "" : form.elements.ticket?.value || "") : "";

// show puts another picture of the line into the page. False: it was another page.
function show(html, mine) {
	const page = new DOMParser().parseFromString(html, "text/html");
	const next = page.getElementById("line");
	if (!next || next.dataset.line !== box.dataset.line) return false;
	const focus = which(box.contains(document.activeElement) ? document.activeElement.closest("form") : null);
	const open = [...box.querySelectorAll("details[open]")].map(d => d.id);
	const numbers = () => [...box.querySelectorAll(".stage[aria-label]")].map(s => s.getAttribute("aria-label")).join(" ");
	const before = numbers(), told = box.querySelector("[role=alert]");
	box.replaceChildren(...next.childNodes);
	if (!mine && told && !box.querySelector("[role=alert]")) box.firstElementChild.after(told); // to be read until the next order
	if (!mine) for (const id of open) { const d = document.getElementById(id); if (d) d.open = true; }
	if (focus) [...box.querySelectorAll("form")].find(f => which(f) === focus)?.querySelector("button").focus({preventScroll: true});
	if (numbers() !== before) document.querySelector("[data-said]").textContent = numbers();
	return true;
}

// ask fetches with an end: a network that says nothing is a lost one.
async function ask(to, options) {
	const stop = new AbortController(), timer = setTimeout(() => stop.abort(), patience);
	try {
		const r = await fetch(to, {...options, headers: {...options.headers, Accept: "text/html"}, signal: stop.signal});
		return {status: r.status, html: await r.text()};
	} finally {
		clearTimeout(timer);
	}
}

// give sends the order that is kept, until it has an answer.
async function give() {
	const o = remembered();
	if (!o) {
		net("");
		return refresh();
	}
	if (sending) return;
	clearTimeout(again);
	sending = true;
	sent++;
	try {
		const got = await ask(o.to, {method: "POST", body: o.body, headers: {"Content-Type": "application/x-www-form-urlencoded"}});
		if (got.status >= 500 || got.status === 429) throw new Error(got.status);
		remember(null);
		tries = 0;
		net("");
		if (!show(got.html, true)) location.reload();
	} catch {
		net("kept");
		again = setTimeout(give, Math.min(10000, 1000 * 2 ** tries++));
	}
	sending = false;
}

// refresh looks what others did, unless somebody is writing here.
async function refresh() {
	const mine = sent;
	const idle = () => !sending && !remembered() && sent === mine && ![...box.querySelectorAll("input:not([type=hidden])")].some(i => i.value !== i.defaultValue || i === document.activeElement);
	if (!idle()) return;
	try {
		const got = await ask(location.href, {});
		net("");
		if (got.status >= 500 || !idle()) return;
		if (!show(got.html, false)) location.reload();
	} catch {
		if (!remembered()) net("lost");
	}
}

box.addEventListener("submit", e => {
	e.preventDefault();
	if (sending || remembered()) return;
	const body = new URLSearchParams(new FormData(e.target, e.submitter));
	busy(e.submitter);
	remember({to: e.target.action, body: body.toString(), at: Date.now()});
	give();
});
box.addEventListener("click", e => {
	if (!e.target.closest("[data-refresh]")) return;
	e.preventDefault();
	give();
});
addEventListener("online", give);
addEventListener("offline", () => net(remembered() ? "kept" : "lost"));

if (remembered()) {
	busy(null);
	give();
}

// What others do comes by itself: the number waiting at once, the rest by looking.
let soon = 0;
follow(box.dataset.live, {
	onLine: f => {
		if (f.line !== box.dataset.line) return;
		const waiting = box.querySelector("[data-waiting]");
		if (waiting) waiting.textContent = waiting.dataset.waiting.replace("{n}", f.waiting);
		clearTimeout(soon);
		soon = setTimeout(refresh, 300);
	},
	onState: s => { if (!remembered()) net(s === "offline" ? "lost" : ""); },
});
setInterval(() => document.hidden || remembered() || refresh(), 30000); // when a number may be called again
