// Calls of a market day in the order they are announced: each once, none lost
// over a cut or a reload. Who says them decides how long one holds the next.
const FRESH = 60000; // a call younger than this is announced even if somebody has come meanwhile
const KEPT = 400;

export const key = c => `${c.line}:${c.number}:${c.calls}`;

const TOGETHER = 30; // ms: lines that come together are put in order first

// announcer announces calls with say(call), which answers when the next may
// come; queued is told what waits for that, oldest first. store remembers over a reload what was announced (sessionStorage).
export function announcer(name, say, queued = () => {}, store = sessionStorage) {
	let heard = read(), waiting = [], busy = false, soon = 0, begun = heard !== null;
	heard ||= [];

	function read() {
		try { return JSON.parse(store.getItem(name)); } catch { return null; }
	}
	function keep() {
		heard = heard.slice(-KEPT);
		try { store.setItem(name, JSON.stringify(heard)); } catch { /* a full store: forgets at a reload */ }
	}
	async function run() {
		if (busy) return;
		busy = true;
		for (let next; (next = waiting.shift());) {
			heard.push(key(next));
			keep();
			await say(next);
		}
		busy = false;
	}
	return {
		// begin takes what was called before a screen was first put up.
		begin(calls) {
			if (!begun) heard.push(...calls.map(key));
			begun = true;
			keep();
		},
		// hear takes what a line shows; what is new is announced.
		hear(calls, now) {
			for (const c of calls) {
				if (heard.includes(key(c)) || waiting.some(w => key(w) === key(c))) continue;
				if (c.open || now - c.time < FRESH) waiting.push(c);
				else heard.push(key(c));
			}
			waiting.sort((a, b) => a.time - b.time);
			keep();
			clearTimeout(soon);
			if (waiting.length) soon = setTimeout(() => { queued(waiting); run(); }, TOGETHER);
		},
		announced: c => {
			for (let n = c.calls; n > 0; n--) if (heard.includes(key({ ...c, calls: n }))) return true;
			return false;
		},
	};
}
