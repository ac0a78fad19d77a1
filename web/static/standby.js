// A desk that goes on without a network: leases numbers ahead while there is
// one, and brings home afterwards what was given (see "offline" in desk.js).
import * as journal from "./journal.js";

const SIZE = 20, DAY = 86400000;
let api, token, skew = 0, turn = Promise.resolve();

// within ends a request that takes too long, where the browser can.
export const within = ms => AbortSignal.timeout ? AbortSignal.timeout(ms) : undefined;

// now is the server's time as well as this device knows it.
export const now = () => Date.now() + skew;

export async function begin(root) {
	({ api, token } = root.dataset);
	skew = await journal.get("skew", root.dataset.now - Date.now());
	await journal.tidy(now() - 7 * DAY);
}

export const clock = at => {
	skew = at - Date.now();
	return journal.set("skew", skew);
};

// alone lets one tab at a time talk to the server about blocks and slips.
const alone = job => {
	const run = () => navigator.locks ? navigator.locks.request("yiji-desk", job) : job();
	return turn = turn.then(run, run);
};

async function ask(path, body, key) {
	const headers = { "Content-Type": "application/json" };
	if (key) headers["Idempotency-Key"] = key;
	const answer = await fetch(api + path, { method: "POST", headers, body: JSON.stringify(body), signal: within(8000) });
	if (answer.status === 401 || answer.status === 403) throw Object.assign(new Error("login"), { login: true });
	if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
	if (answer.status === 204) return {};
	const value = await answer.json();
	return answer.ok ? value : { code: value.error.code };
}

// ready leases numbers for lines {id, left}: twenty, of a stock line at most a
// fifth of what is left. It answers how many this device has of all.
export const ready = lines => alone(async () => {
	const device = await journal.device();
	for (const l of lines) {
		const want = l.left === undefined ? SIZE : Math.min(SIZE, Math.floor(l.left / 5));
		const have = journal.left(await journal.blocks(), l.id);
		if (have * 2 >= want) continue;
		// The same key until there is an answer: the same block.
		const asked = await journal.get("asked " + l.id) || { key: journal.handle(), size: want - have };
		await journal.set("asked " + l.id, asked);
		const b = await ask("/lines/" + l.id + "/blocks", { device, size: asked.size }, asked.key);
		if (b.id && !b.ended) {
			await clock(Date.parse(b.now));
			await journal.lend(b);
		}
		await journal.set("asked " + l.id, null);
	}
	return count();
});

export async function count() {
	const list = await journal.blocks();
	return list.filter(b => b.closes > now()).reduce((n, b) => n + Math.max(0, b.last - b.next + 1), 0);
}

export const open = p => p.state === "kept" || p.state === "home" && (p.lost || p.undone);

// sync brings home what is in the journal, with the times it was given at, and
// gives up what was taken back meanwhile.
export const sync = () => alone(async () => {
	const device = await journal.device();
	const kept = (await journal.slips()).filter(p => p.state === "kept");
	for (const block of new Set(kept.map(p => p.block))) {
		const mine = kept.filter(p => p.block === block);
		const answer = await ask("/blocks/" + block + "/slips", { device, slips: mine.map(p => ({ number: p.number, at: new Date(p.at).toISOString(), priority: p.priority, proxy: p.proxy })) });
		for (const p of mine) {
			const one = answer.items?.find(i => i.number === p.number) || answer;
			await journal.keep({ ...p, state: one.ticket ? "home" : "refused", ticket: one.ticket, code: one.code });
		}
	}
	for (const p of (await journal.slips()).filter(p => p.state === "home" && open(p))) {
		if (p.lost) await ask("/lines/" + p.lost.line + "/takeback", { key: p.lost.key });
		if (p.undone) await leave(p.ticket);
		await journal.keep({ ...p, lost: null, undone: false });
	}
	for (const l of await journal.get("lost", [])) await ask("/lines/" + l.line + "/takeback", { key: l.key });
	await journal.set("lost", []);
});

async function leave(ticket) {
	const answer = await fetch(api.replace("/api/v1/communities/", "/desk/") + "/tickets/" + ticket + "/leave", { method: "POST", body: new URLSearchParams({ form_token: token, form_key: journal.handle() }) });
	if (answer.status === 401 || answer.status === 403) throw Object.assign(new Error("login"), { login: true });
	if (answer.status >= 500) throw new Error(answer.status);
}

// end gives all blocks back, when nothing of them is in the journal only.
export const end = () => alone(async () => {
	const device = await journal.device();
	if ((await journal.slips()).some(p => p.state === "kept")) return;
	for (const b of await journal.blocks()) {
		await ask("/blocks/" + b.id + "/end", { device });
		await journal.drop(b.id);
	}
});
