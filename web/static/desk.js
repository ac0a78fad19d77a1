// The desk: one tap gives a number, shows and prints its slip on the same page.
// When the network fails it goes on with numbers that were leased before. A tap
// whose answer was lost is asked again with the same key first: one person never
// gets two numbers; when it stays lost, it is taken back later by that key.
import { follow } from "./live.js";
import { fill } from "./words.js";
import * as journal from "./journal.js";
import * as kept from "./kept.js";
import * as standby from "./standby.js";
import { print, printed, printer } from "./slip.js";

const PATIENCE = 4000, PROBE = 5000;
const within = standby.within;
const $ = id => document.getElementById(id);
const form = $("issue"), given = $("given"), net = $("net"), lost = $("lost");
let cut = kept.stored, on = false, busy = false, failed = null, keeps = !!window.indexedDB;

if (given) start().catch(e => { keeps = false; console.warn(e); });

async function start() {
	if (!await kept.mine(given.dataset.login)) return;
	form?.addEventListener("submit", tap);
	given.addEventListener("submit", act);
	given.addEventListener("click", undo);
	$("recent")?.addEventListener("click", reprint);
	$("retry").addEventListener("click", () => failed && attempt(failed));
	document.addEventListener("click", leaving);
	addEventListener("beforeunload", e => { if (net.dataset.unsynced > 0 || cut && !navigator.serviceWorker?.controller) e.preventDefault(); });
	addEventListener("online", probe);
	for (const s of document.querySelectorAll("section[data-day]")) watch(s.dataset.day);
	kept.begin();
	if (!keeps) return;
	await standby.begin(given);
	on = await journal.get("standby", false);
	$("seen").addEventListener("click", seen);
	$("keep")?.addEventListener("click", () => turn(true));
	$("unkeep")?.addEventListener("click", () => turn(false));
	await remember();
	await tell();
	setInterval(beat, PROBE);
	await probe();
}

// remember lists what was given last and the page does not know: numbers of
// before it was loaded.
async function remember() {
	const today = (await journal.slips()).filter(p => $("line-" + p.line) && (p.state === "kept" || kept.stored && p.state === "home"));
	for (const p of today.sort((a, b) => a.at - b.at)) recent(p, { slip: p.id });
}

// tap is one number for one person.
function tap(e) {
	const button = e.submitter || document.activeElement;
	if (!button?.formAction) return;
	e.preventDefault();
	if (busy) return;
	const li = button.closest("[data-line]");
	const body = new URLSearchParams(new FormData(form));
	const key = journal.handle();
	body.set("form_key", key);
	attempt({ li: li.id, line: li.dataset.line, to: button.formAction, body, key: key + "." + li.dataset.line + "." + (body.get("with") || "") });
}

// attempt asks the server, twice with the same key, then the journal.
async function attempt(t) {
	if (busy) return;
	busy = true;
	const button = $(t.li)?.querySelector("button");
	button?.setAttribute("aria-busy", "true");
	lost.hidden = true;
	try {
		if (failed && failed !== t && failed.sent) await forget(failed);
		failed = null;
		if (!cut) {
			const page = await send(t, PATIENCE) || await send(t, PATIENCE / 2);
			if (page) return arrived(page, t);
		}
		await offline(t);
	} finally {
		busy = false;
		button?.removeAttribute("aria-busy");
	}
}

// send posts a tap; null when no answer came.
async function send(t, patience) {
	if (!navigator.onLine) return null;
	t.sent = true;
	try {
		const answer = await fetch(t.to, { method: "POST", body: t.body, signal: within(patience) });
		if (answer.status >= 502) return null;
		return { ok: answer.ok, url: answer.url, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
	} catch {
		return null;
	}
}

function arrived({ ok, url, page }, t) {
	const slip = page.querySelector(".slip");
	if (!ok || !slip) {
		return complain("other", (page.querySelector("p.wrong[role=alert]") || page.querySelector("p.wrong, .lead"))?.textContent);
	}
	reset();
	show([slip, page.getElementById("acts")]);
	recent({ line: t.line, number: slip.querySelector(".big").textContent, at: standby.now() }, { url });
	if (printed()) print(given);
}

// show puts a slip and what can be done with it in front.
function show(parts) {
	given.replaceChildren(...parts.filter(Boolean).map(p => document.importNode(p, true)));
	given.querySelectorAll(".slip h1").forEach(h => {
		const h2 = document.createElement("h2");
		h2.append(...h.childNodes);
		h.replaceWith(h2);
	});
	given.hidden = false;
	printer(given);
	given.focus({ preventScroll: true });
	given.scrollIntoView({ block: "start" });
}

// reset makes the form ready for the next person.
function reset() {
	form.elements.priority.checked = form.elements.proxy.checked = false;
}

// complain says what went wrong. When that means that there is no number, the
// slip of the person before goes away: it must not reach the next one.
function complain(why, text, slip = false) {
	$("nothing").hidden = slip;
	if (!slip) given.hidden = true;
	for (const p of lost.querySelectorAll("[data-why]")) p.hidden = p.dataset.why !== why;
	if (why === "other") lost.querySelector("[data-why=other]").textContent = text || "";
	$("retry").hidden = ["shut", "undone", "other"].includes(why);
	lost.hidden = false;
	lost.scrollIntoView({ block: "nearest" });
}

// forget keeps in mind that a tap without an answer may have given a number.
async function forget(t) {
	if (keeps) await journal.set("lost", [...await journal.get("lost", []), { key: t.key, line: t.line }]);
}

// offline gives the next number of the block: first written, then shown.
async function offline(t) {
	cut = true;
	const refuse = why => { failed = t; complain(why); tell(); };
	if (!keeps || !on) {
		cut = false; // the next tap tries again
		return refuse("no_answer");
	}
	const { slip, why } = await journal.give(t.line, standby.now(), { priority: !!t.body.get("priority"), proxy: !!t.body.get("proxy"), lost: t.sent ? { key: t.key, line: t.line } : null });
	if (why) return refuse(why);
	reset();
	show(draw(slip, $(t.li).dataset));
	recent(slip, { slip: slip.id });
	tell();
	if (printed()) print(given);
}

// draw is the slip of an offline number.
function draw(slip, line) {
	const parts = [...$("slip").content.cloneNode(true).children];
	const [s, acts] = parts;
	s.querySelector("h2").textContent = line.service;
	s.querySelector(".big").textContent = slip.number;
	const to = s.querySelector(".lead");
	to.textContent = fill(to.dataset.text, { code: line.booth });
	if (!slip.priority) s.querySelector("[data-priority]").remove();
	s.querySelector("[data-market]").textContent = $("line-" + slip.line).closest("section").dataset.market;
	s.querySelector("[data-time]").textContent = time(slip.at);
	const item = s.querySelector("[data-item]");
	if (line.item) item.textContent = line.item;
	else item.remove();
	acts.querySelector("[data-undo]").dataset.undo = slip.id;
	return parts;
}

const time = at => new Intl.DateTimeFormat("en-GB", { hour: "numeric", minute: "2-digit", timeZone: given.dataset.zone }).format(at).replace(/^0/, "");

// recent puts a number on top of those given last; it leads to its slip.
function recent({ line, number, at }, { url, slip }) {
	const { service, booth } = $("line-" + line)?.dataset || {};
	const root = $("recent"), list = root.querySelector("ul"), li = document.createElement("li");
	const add = (tag, text, css) => {
		const e = document.createElement(tag);
		e.textContent = text;
		e.className = css || "";
		li.append(e);
		return e;
	};
	const to = add(url ? "a" : "button", "", url ? "" : "quiet");
	if (url) to.href = url;
	else Object.assign(to, { type: "button" }).dataset.slip = slip;
	const b = document.createElement("b");
	b.textContent = fill(given.dataset.number, { n: number });
	to.append(b);
	add("span", [service, booth].join(" "));
	add("span", time(at), "quiet");
	list.prepend(li);
	while (list.children.length > 5) list.lastChild.remove();
	root.hidden = false;
}

// act does what a button under the slip says: leaving and coming back go to the
// server, an offline number is marked in the journal.
async function act(e) {
	e.preventDefault();
	const f = e.target;
	try {
		const answer = await fetch(f.action, { method: "POST", body: new URLSearchParams(new FormData(f)), signal: within(PATIENCE) });
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const slip = page.querySelector(".slip");
		if (!slip) return complain("other", page.querySelector("p.wrong, .lead")?.textContent, true);
		show([page.querySelector("p.wrong[role=alert]"), slip, page.getElementById("acts")]);
	} catch {
		complain("undone", "", true);
	}
}

// undo takes an offline number back: it comes home all the same, because it was
// shown, and is given up there.
async function undo(e) {
	const b = e.target.closest("[data-undo]");
	const slip = b && (await journal.slips()).find(p => p.id === b.dataset.undo);
	if (!slip) return;
	await journal.keep({ ...slip, undone: true });
	b.hidden = true;
	given.querySelector("[data-undone]").hidden = false;
	probe();
}

// reprint shows an offline slip once more.
async function reprint(e) {
	const b = e.target.closest("[data-slip]");
	const slip = b && (await journal.slips()).find(p => p.id === b.dataset.slip);
	if (slip) show(draw(slip, $("line-" + slip.line).dataset));
}

// leaving keeps the page while there is no network, and changes paper in place.
function leaving(e) {
	const a = e.target.closest("a[href]");
	if (!a) return;
	if (a.dataset.next !== undefined) {
		e.preventDefault();
		given.hidden = true;
		return form.scrollIntoView({ block: "start" });
	}
	const paper = new URL(a.href).searchParams.get("paper");
	if (paper && a.closest(".choices")) {
		e.preventDefault();
		const root = document.documentElement;
		root.className = root.className.replace(/ ?paper-\w+/, "") + (paper === "none" ? "" : " paper-" + paper);
		for (const other of a.parentElement.children) other.removeAttribute("aria-current");
		a.setAttribute("aria-current", "true");
		fetch(a.href).then(kept.keep).catch(() => {});
	} else if (cut && !a.target) {
		e.preventDefault();
		net.scrollIntoView({ block: "nearest" });
	}
}

// probe finds out whether the network is back, and brings the journal home.
let probing = false;
async function probe() {
	if (probing || !keeps) return;
	probing = true;
	try {
		const due = (await journal.slips()).some(standby.open) || (await journal.get("lost", [])).length > 0;
		if (due) await standby.sync();
		else if (cut) await fetch(kept.desk, { method: "HEAD", signal: within(PATIENCE) }).then(r => { if (r.status >= 502) throw new Error(r.status); });
		if (cut) renew().catch(() => {});
		if (cut && failed && !lost.hidden) complain("back");
		cut = false;
		say("login", false);
		if (on) await standby.ready(lines());
	} catch (e) {
		say("login", !!e.login);
		if (e instanceof TypeError || e.name === "TimeoutError") cut = true; // no need to wait for it at the next tap
		else if (!e.login) console.warn(e);
	} finally {
		probing = false;
		await tell();
	}
}

const beat = () => cut || net.dataset.unsynced > 0 || on ? probe() : tell();

const all = () => [...document.querySelectorAll("[data-line]")];
const lines = () => all().filter(li => li.querySelector("button")).map(li => ({ id: li.dataset.line, left: li.dataset.left === undefined ? undefined : +li.dataset.left }));

async function turn(yes) {
	on = yes;
	await journal.set("standby", on);
	await tell();
	$(on ? "unkeep" : "keep").focus();
	if (!on) await standby.end().catch(() => {});
	await probe();
}

async function seen() {
	for (const p of await journal.slips()) if (p.state === "refused") await journal.keep({ ...p, state: "seen" });
	await tell();
}

// over reports whether no line gives a number any more today.
const over = () => all().length > 0 && !all().some(li => /^(open|planned|paused|sold_out):/.test(li.dataset.state) && li.dataset.closes > standby.now());

const say = (what, yes) => { net.querySelector(`[data-say=${what}]`).hidden = !yes; };

// tell says honestly what is not yet known to others.
async function tell() {
	if (!keeps) return;
	const slips = await journal.slips(), n = slips.filter(p => p.state === "kept").length, refused = slips.filter(p => p.state === "refused");
	say("cut", cut && on && !over());
	say("cut_off", cut && !on && !over());
	say("over", cut && over());
	say("unsynced", n > 0);
	brought(slips);
	if (n > 0) {
		const p = net.querySelector("[data-say=unsynced]");
		p.textContent = fill(p.dataset.text, { n });
	}
	net.dataset.unsynced = n;
	say("refused", refused.length > 0);
	net.querySelector("ul").replaceChildren(...refused.map(p => {
		const li = document.createElement("li"), which = document.createElement("b"), line = $("line-" + p.line)?.dataset;
		which.textContent = [fill(given.dataset.number, { n: p.number }), line?.service].filter(Boolean).join(" ");
		li.append(which, document.createElement("br"), reason(p.code));
		return li;
	}));
	net.hidden = ![...net.children].some(c => !c.hidden);
	const box = $("standby"), spare = await standby.count();
	if (!box) return;
	const [offer, ready] = box.children, text = ready.querySelector("span");
	offer.hidden = on || cut;
	ready.hidden = !on;
	box.hidden = offer.hidden && ready.hidden;
	text.textContent = spare ? fill(text.dataset.ready, { n: spare }) : text.dataset.none;
}

// brought says for a minute how many slips have come home.
let away = [], home = 0, hush;
function brought(slips) {
	home += slips.filter(p => away.includes(p.id) && p.state === "home").length;
	away = slips.filter(p => p.state === "kept").map(p => p.id);
	if (away.length > 0) say("synced", false);
	else if (home > 0) {
		const p = net.querySelector("[data-say=synced]");
		p.textContent = fill(p.dataset.text, { n: home });
		home = 0;
		say("synced", true);
		clearTimeout(hush);
		hush = setTimeout(() => { say("synced", false); tell(); }, 60000);
	}
}

function reason(code) {
	const all = [...$("reasons").children];
	return (all.find(r => r.dataset.code === code) || all[all.length - 1]).textContent;
}

// watch keeps the lines current; a line that gives no more numbers, or gives
// them again, is asked for as the server shows it.
function watch(day) {
	follow("/d/" + day + "/live", {
		onLine: l => {
			const li = $("line-" + l.line);
			if (!li) return;
			const p = li.querySelector("[data-waiting]");
			if (p) p.textContent = l.waiting ? fill(p.dataset.waiting, { n: l.waiting }) : p.dataset.none;
			const late = li.querySelector("[data-late]");
			if (late) late.hidden = !(l.wait.known && l.wait.lo > l.wait.left);
			const s = li.querySelector("[data-stock]");
			if (l.stock_left !== undefined) li.dataset.left = l.stock_left;
			if (s) s.textContent = fill(s.dataset.stock, { n: l.stock_left });
			if (li.dataset.state.split(":")[0] !== l.state) renew().catch(() => {}); // the next frame asks again
		},
		onState: s => { if (s === "live") probe(); },
	});
}

// renew takes over the lines that have become others.
async function renew() {
	const page = await kept.keep();
	if (!page || busy) return;
	if (page.querySelector(".toggles") && !document.querySelector(".toggles")) return location.reload(); // the market has opened
	for (const li of all()) {
		const now = page.getElementById(li.id);
		if (now && now.dataset.state !== li.dataset.state) li.replaceWith(now);
	}
}
