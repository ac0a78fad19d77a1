// The wall: shows and speaks calls as they come, tells how old it is when the
// network is gone. Words stand in the page, this writes numbers.
import { follow } from "./live.js";
import { fill } from "./words.js";
import { announcer } from "./calls.js";
import { speak, wake } from "./voice.js";

const HOLD = 6000; // with sound a call is large for as long as this, or until it has been said
const LINES = 12; // have room
const MANY = 3; // when more than so many wait to be said the newest is shown at once
const $ = id => document.getElementById(id);
const wall = document.querySelector(".wall"), told = wall.dataset;
const base = Date.now();
let skew = told.now - base; // to the server's clock
const now = () => Date.now() + skew;
const time = at => new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "2-digit", timeZone: told.zone }).format(at).replace(/^0/, "");

const lines = new Map();
let state = "live", good = now(), loud = false, current = null, calling = 0, shown = told.state;

const rest = ms => new Promise(r => setTimeout(r, ms));
const calls = announcer("yiji.screen." + told.day, async c => {
	show(c);
	$("say").textContent = sentence(c);
	wall.classList.add("calling");
	clearTimeout(calling);
	calling = setTimeout(() => wall.classList.remove("calling"), HOLD);
	if (loud) await Promise.all([rest(HOLD), speak(c, sentence(c), document.documentElement.lang).catch(() => {})]);
}, waiting => { if (waiting.length > MANY) show(waiting.at(-1)); });

const sentence = c => fill(c.again ? told.sayAgain : told.say, c);

// show puts a call up large; an older one that is said later stands in the list.
function show(c) {
	if (!current || c.time >= current.time) current = c;
	draw();
}

function put(root, c) {
	root.querySelector(".n").textContent = c.number;
	root.querySelector(".booth").textContent = c.booth;
	root.querySelector(".service").textContent = c.service;
	const again = root.querySelector(".again");
	if (again) again.hidden = !c.again;
}

const place = (a, b) => a.booth + a.service < b.booth + b.service ? -1 : 1;

// draw shows what has been announced: the newest large, below it the last of
// every line, by booth (of very many lines those that called last).
function draw() {
	const all = [...lines.values()].map(l => l.calls.find(calls.announced)).filter(c => c).sort((a, b) => b.time - a.time || place(a, b));
	const top = current || all[0], board = all.slice(0, LINES).sort(place);
	if (!$("newest")) return;
	$("newest").hidden = !top;
	$("rest").hidden = !!top;
	if (top) put($("newest"), top);
	const list = $("last");
	list.hidden = board.length === 0;
	list.replaceChildren(...board.map(c => {
		const li = $("one").content.firstElementChild.cloneNode(true);
		put(li, c);
		li.classList.toggle("now", c.open);
		return li;
	}));
	const ready = [...lines.values()].filter(l => l.ready.length > 0);
	$("ready").hidden = ready.length === 0;
	$("items").replaceChildren(...ready.map(l => {
		const p = $("item").content.firstElementChild.cloneNode(true);
		p.querySelector(".booth").textContent = l.booth;
		p.querySelector(".service").textContent = l.service;
		p.querySelector("b").textContent = l.ready.join(told.comma);
		return p;
	}));
}

// later draws once when several lines come together.
let drawing;
function later() {
	clearTimeout(drawing);
	if (lines.size > 0) drawing = setTimeout(draw, 30);
}

// tick moves the clock, the countdown and the age of what is shown.
function tick() {
	if ((state === "live" || state === "poll") && navigator.onLine) good = now();
	$("clock").textContent = time(now());
	const old = state === "offline" || !navigator.onLine;
	$("stale").hidden = !old;
	if (old) $("stale").textContent = fill(told.stale, { time: time(good) });
	const count = $("count");
	if (!count) return;
	const minutes = Math.max(0, Math.ceil((count.dataset.opens - now()) / 60000));
	const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
	count.textContent = fill(d ? count.dataset.days : h ? count.dataset.hours : minutes ? count.dataset.minutes : count.dataset.soon, { d, h, m });
}

// renew asks for the page anew when the day has become another one, and keeps
// the sound: a page that is loaded again may not make noise before it is touched.
async function renew(to) {
	try {
		const answer = await fetch(location.href, { cache: "no-store" });
		if (!answer.ok) throw new Error(answer.status);
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const main = page.querySelector("main");
		document.querySelector("main").replaceWith(main);
		shown = page.querySelector(".wall").dataset.state;
		draw();
	} catch {
		setTimeout(renew, 5000, to);
	}
}

calls.begin(JSON.parse(told.before)); // what had been called when the page was made
follow("/d/" + told.day + "/screen/live", {
	onAll: ids => {
		for (const id of [...lines.keys()]) if (!ids.includes(id)) lines.delete(id);
		later();
	},
	onLine: l => {
		if (l.state === "removed") lines.delete(l.line);
		else {
			const list = l.calls.map(c => ({ ...c, line: l.line, booth: l.booth, service: l.service, time: Date.parse(c.at), again: c.calls > 1 }));
			lines.set(l.line, { booth: l.booth, service: l.service, ready: l.ready, calls: list });
			skew = Math.max(skew, ...list.map(c => c.time - Date.now())); // no call is of the future
			calls.hear(list, now());
		}
		later();
	},
	onDay: d => { if (d.state !== shown) renew(shown = d.state); },
	onState: s => { state = s; tick(); },
});

async function sound(on) {
	loud = on && await wake(told.voice);
	$("sound").hidden = loud;
	wall.dataset.sound = loud ? "on" : "off";
	try { localStorage.setItem("yiji.screen.sound", on ? "on" : "off"); } catch { /* not remembered */ }
}
$("sound").hidden = false;
$("sound").addEventListener("click", () => sound(true));
try { if (localStorage.getItem("yiji.screen.sound") === "on") sound(true); } catch { /* asked again */ }

tick();
setInterval(tick, 1000);
