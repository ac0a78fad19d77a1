// The day's page: lines move by themselves, and a number is taken once, however
// bad the network is.
import { live, fresh, show, write, band, called, sig } from "./fresh.js";

// new words are asked for a moment later, not by everybody at once
let soon;
const later = () => { clearTimeout(soon); soon = setTimeout(() => busy || fresh(), 200 + Math.random() * 1300); };

live(l => {
	const card = document.querySelector(`[data-line="${l.line}"]`);
	if (!card || card.dataset.sig !== sig(l)) return later();
	const e = card.querySelector("[data-waiting]");
	if (e) write(e, l.waiting || l.state !== "open" ? e.dataset.text : e.dataset.none, { n: l.waiting });
	show(card, "band", l.state === "open" ? band(l.wait, l.waiting) : null);
	show(card, "called", called(l));
	show(card, "ready", l.ready.length ? { numbers: l.ready.join(" · ") } : null);
	show(card, "stock", l.stock_left === undefined ? null : { n: l.stock_left });
}, d => document.getElementById("whole").dataset.day === d.state || later());

// A number that was asked for is written down with its key until it is
// answered: a page loaded again asks again, and gets the same number.
const NOTE = "yiji.take", taking = document.getElementById("taking");
let busy = false, tries = 0;

const noted = () => { try { return JSON.parse(localStorage.getItem(NOTE)); } catch { return null; } };
const note = what => { try { what ? localStorage.setItem(NOTE, JSON.stringify(what)) : localStorage.removeItem(NOTE); } catch { /* a browser that keeps nothing */ } };

function press(action, yes) {
	busy = yes;
	taking.hidden = true;
	for (const form of document.querySelectorAll("form[data-take]")) {
		const b = form.querySelector("button"), mine = form.getAttribute("action") === action;
		if (mine && yes) b.dataset.says = b.textContent;
		if (mine) b.textContent = yes ? form.dataset.take : b.dataset.says || b.textContent;
		b.setAttribute("aria-busy", String(mine && yes));
	}
}

async function ask(what, form) {
	let answer;
	try {
		answer = await fetch(what.action, { method: "POST", body: new URLSearchParams(what.fields), headers: { Accept: "text/html" } });
	} catch {
		return wait(what, form);
	}
	if (answer.status >= 500 || answer.status === 429) return wait(what, form);
	note(null);
	if (answer.redirected) return location.assign(answer.url);
	if (form?.isConnected) return form.submit(); // the server says on a page why not
	press(what.action, false);
	fresh();
}

// wait tries again when the network is back, or a little later.
function wait(what, form) {
	taking.hidden = false;
	let done = false;
	const again = () => { if (!done) { done = true; removeEventListener("online", again); ask(what, form); } };
	addEventListener("online", again);
	setTimeout(again, Math.min(30000, 1000 * 2 ** tries++));
}

document.addEventListener("submit", e => {
	const form = e.target;
	if (!form.matches("form[data-take]")) return;
	e.preventDefault();
	if (busy) return;
	const what = { action: form.getAttribute("action"), fields: [...new FormData(form)], at: Date.now() };
	note(what);
	press(what.action, true);
	ask(what, form);
});

const left = noted();
if (left && Date.now() - left.at > 12 * 3600e3) note(null);
else if (left && left.action.startsWith(location.pathname + "/")) {
	press(left.action, true);
	ask(left);
}
addEventListener("pageshow", e => e.persisted && press("", false));
