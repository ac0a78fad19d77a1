// Numbers in one's hand: people ahead and waiting time move by themselves, and
// when a number is near or called the page says so, aloud, once.
import { live, fresh, show, write, band, called, sig, keep } from "./fresh.js";
import { ahead } from "./live.js";
import { say } from "./read.js";

const SOUND = "yiji.sound";
const held = () => document.querySelectorAll("[data-number]");
document.getElementById("stale").dataset.keep = "1";

// sigOf says of a number in a live line what ticketSig says on the server.
function sigOf(l, n, was) {
	const before = ahead(l, n);
	if (before >= 0) return `waiting:${sig(l)}:${before <= l.near}:${before === 0}`;
	if (l.called.includes(n)) {
		const call = l.calls.find(c => c.number === n);
		const halted = l.state === "paused" && l.why_code === "booth_released" ? ":halted" : "";
		return "called:" + (call ? call.calls : was.startsWith("called:") ? was.split(":")[1] : 1) + halted;
	}
	return l.serving.includes(n) ? "serving" : l.ready.includes(n) ? "ready" : "gone";
}

live(l => {
	for (const t of held()) {
		if (t.dataset.line !== l.line) continue;
		const n = +t.dataset.number, before = ahead(l, n);
		if (sigOf(l, n, t.dataset.sig) !== t.dataset.sig) {
			fresh();
			continue;
		}
		const e = t.querySelector("[data-ahead]");
		if (e && before > 0) write(e, e.dataset.text, { n: before });
		show(t, "called", called(l));
		// the band of the line is for its end; nearer ones wait their share of it
		const part = l.waiting ? before / l.waiting : 0, w = l.wait;
		show(t, "band", before > 0 ? band({ known: w.known, left: w.left, lo: Math.floor(w.lo * part), hi: Math.max(Math.floor((w.hi - 1) * part) + 1, Math.floor(w.lo * part) + 2) }, before) : null);
	}
}, () => {});

let tones, lock;
const on = () => { try { return localStorage.getItem(SOUND) === "1"; } catch { return false; } };

// ring is three short tones, made here: no file has to be fetched.
function ring() {
	if (!tones) return;
	[0, 0.35, 0.7].forEach((at, i) => {
		const o = tones.createOscillator(), g = tones.createGain(), t = tones.currentTime + at;
		o.frequency.value = [660, 660, 880][i];
		g.gain.setValueAtTime(0.0001, t);
		g.gain.exponentialRampToValueAtTime(0.5, t + 0.03);
		g.gain.exponentialRampToValueAtTime(0.0001, t + 0.3);
		o.connect(g).connect(tones.destination);
		o.start(t);
		o.stop(t + 0.32);
	});
}

function wake() { // a finger on the page lets it sound, and keeps the screen on
	if (!on()) return;
	tones ??= window.AudioContext && new AudioContext();
	tones?.resume().catch(() => {});
	stay();
}

function stay() {
	if (on() && held().length && document.visibilityState === "visible" && (!lock || lock.released)) {
		navigator.wakeLock?.request("screen").then(l => lock = l, () => {}); // saving power: the telephone says no
	}
}

// tell speaks of numbers that are near or called, each time once.
function tell() {
	for (const t of held()) {
		const key = "yiji.told." + t.id;
		let told = "";
		try { told = sessionStorage.getItem(key); } catch { /* a browser that keeps nothing tells again */ }
		const what = t.dataset.say && (t.dataset.sig.startsWith("waiting") ? "near" : t.dataset.sig);
		if (!what || told === what) continue;
		try { sessionStorage.setItem(key, what); } catch { /* as above */ }
		aloud(t.dataset.say, t.classList.contains("go"));
	}
}

const heard = document.createElement("p");
heard.className = "only-heard";
heard.setAttribute("role", "alert");
document.body.append(heard);

function aloud(words, now) {
	if (now) heard.textContent = words;
	if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(now ? [400, 200, 400, 200, 400] : 200);
	if (!on()) return;
	ring();
	if (window.speechSynthesis) say(words);
}

function sound() {
	const b = document.querySelector("[data-sound]");
	if (b) {
		b.hidden = false;
		b.setAttribute("aria-pressed", on());
		b.querySelector("span").textContent = on() ? b.dataset.on : b.dataset.off;
	}
	tell();
	stay();
}

document.addEventListener("click", e => {
	const b = e.target.closest("[data-sound]");
	if (b) {
		try { localStorage.setItem(SOUND, on() ? "0" : "1"); } catch { /* not remembered */ }
		sound();
	}
	wake();
	if (!b) return;
	if (on()) {
		ring();
		if (window.speechSynthesis) say(b.dataset.hello);
	} else {
		window.speechSynthesis?.cancel();
		lock?.release();
	}
});
document.addEventListener("visibilitychange", stay);
document.addEventListener("fresh", sound);
sound();
keep();
