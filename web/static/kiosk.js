// The tablet at the entrance: one touch is one number. It is shown on this very
// page, so that nothing of it stays in the history, and goes away by itself.
import { live, fresh, show, write, band, sig } from "./fresh.js";
import { print, printed } from "./slip.js";

const PATIENCE = 8000, AGAIN = 2000, GIVEUP = 45000, MINUTE = 60000, NOTE = "yiji.kiosk";
const $ = id => document.getElementById(id);
const home = document.querySelector(".kiosk").dataset.home, answer = $("answer"), lost = $("lost");
const followed = $("whole")?.dataset.day, again = !!document.querySelector("[name=again]");
const strange = !followed && !$("whole") || again || home.includes("?"); // the next person must not find it so
let busy = null, left = 0, ticking;

if (location.search && !again) history.replaceState(null, "", location.pathname);

// A number that was asked for stands in the device until it is answered.
const pending = new Set();
function note() {
	try { localStorage.setItem(NOTE, JSON.stringify([...pending].map(t => [t.to, String(t.body)]))); } catch { /* a browser that keeps nothing */ }
}
function noted() {
	try { return JSON.parse(localStorage.getItem(NOTE)) || []; } catch { return []; }
}

const letters = "abcdefghijklmnopqrstuvwxyz234567";
const key = () => [...crypto.getRandomValues(new Uint8Array(26))].map(b => letters[b & 31]).join("");

document.addEventListener("submit", e => {
	e.preventDefault();
	const to = e.submitter?.formAction;
	if (busy || !to || !answer.hidden) return;
	const body = new URLSearchParams(new FormData(e.target));
	body.set("form_key", key());
	e.submitter.setAttribute("aria-busy", "true");
	ask(busy = { to, body, since: Date.now() });
});

// ask sends the same key until an answer comes. Who does not wait any longer
// gets no number that nobody sees: what was given meanwhile goes back.
async function ask(t) {
	const late = t.late;
	pending.add(t);
	note();
	try {
		const r = await fetch(t.to, { method: "POST", body: t.body, signal: AbortSignal.timeout?.(PATIENCE) });
		if (r.status >= 500 || r.status === 429) throw new Error(r.status);
		const page = new DOMParser().parseFromString(await r.text(), "text/html");
		if (t.late && !late) return ask(t);
		pending.delete(t);
		note();
		if (!late) put(page);
	} catch {
		if (!t.late && Date.now() - t.since > GIVEUP) giveUp();
		if (!t.late) lost.hidden = false;
		setTimeout(ask, AGAIN, t);
	}
}

function giveUp() {
	if (busy) {
		busy.late = true;
		busy.body.set("late", "1");
	}
	settle();
}

function settle() {
	busy = null;
	if (lost) lost.hidden = true;
	for (const b of document.querySelectorAll("[aria-busy]")) b.removeAttribute("aria-busy");
}

// put shows the number, or why there is none.
function put(page) {
	settle();
	const next = page.getElementById("answer");
	if (!next?.childElementCount) return leave();
	answer.replaceChildren(...[...next.childNodes].map(n => document.importNode(n, true)));
	answer.hidden = false;
	$("whole").hidden = true;
	scrollTo(0, 0);
	stand();
	if (printed() && answer.querySelector(".slip")) print(answer);
}

// stand counts down; a touch begins again.
function stand() {
	const bar = answer.querySelector("progress");
	left = bar.max;
	clearInterval(ticking);
	ticking = setInterval(() => { bar.value = --left; if (left <= 0) end(); }, 1000);
}
for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => {
	const bar = answer.querySelector("progress");
	if (bar) bar.value = left = bar.max;
	else if (strange) stay();
}, true);

// end takes the number away, whatever the network does.
function end() {
	clearInterval(ticking);
	answer.replaceChildren();
	if ($("whole")) {
		answer.hidden = true;
		$("whole").hidden = false;
	}
	if (strange) return leave();
	fetch(home, { cache: "no-store" }).then(() => busy || fresh(), () => {}); // the browser forgets it, too
}

// leave loads the lines anew as soon as they can be had.
function leave() {
	fetch(home, { cache: "no-store" }).then(r => r.status < 500 ? location.replace(home) : setTimeout(leave, AGAIN), () => setTimeout(leave, AGAIN));
}

// stay leaves a page that is not the next person's after a while.
let staying;
function stay() {
	clearTimeout(staying);
	staying = setTimeout(() => busy || !answer.hidden ? stay() : leave(), MINUTE / 2);
}

document.addEventListener("click", e => {
	const a = e.target.closest("a");
	if (!a) return;
	if (a.dataset.end !== undefined) {
		e.preventDefault();
		end();
	} else if (a.dataset.again !== undefined || a.closest("nav")) {
		e.preventDefault(); // no step for the history
		if (navigator.onLine) location.replace(a.href);
	}
});
lost?.querySelector("button").addEventListener("click", giveUp);
addEventListener("pageshow", e => e.persisted && location.replace(home));

const awake = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});
document.addEventListener("visibilitychange", awake);
awake();

// later asks for new words when nobody is being served.
let soon;
const later = () => { clearTimeout(soon); soon = setTimeout(() => busy || !answer.hidden || fresh(), 300); };

if ($("whole")) {
	for (const [to, body] of noted()) ask({ to, body: new URLSearchParams(body + "&late=1"), late: true });
	const states = {};
	live(l => {
		const li = document.querySelector(`[data-line="${l.line}"]`);
		if (!li || li.dataset.sig !== sig(l)) return later();
		const e = li.querySelector("[data-waiting]");
		if (e) write(e, l.waiting ? e.dataset.text : e.dataset.none, { n: l.waiting });
		show(li, "band", l.state === "open" ? band(l.wait, l.waiting) : null);
		show(li, "stock", l.stock_left === undefined ? null : { n: l.stock_left });
	}, (d, at) => { if (states[at] !== d.state) { states[at] = d.state; later(); } });
	document.addEventListener("fresh", () => $("whole").dataset.day === followed || busy || location.reload());
	setInterval(later, MINUTE);
	if (strange) stay();
} else stand();
