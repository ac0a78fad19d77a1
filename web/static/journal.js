// What a desk keeps in its browser: numbers lent ahead, and every slip given
// without a network, written before it is shown. Transactions of IndexedDB come
// one after the other, in all tabs, so no number is given twice; durability
// "strict" means that it is on the disk, not on its way. Every community has a
// journal of its own: who comes next to a shared machine brings nothing home for
// another house.
const house = location.pathname.split("/")[2];
const stores = { blocks: "id", slips: "id", meta: "key" };
let opening;

function open() {
	return opening ||= new Promise((done, fail) => {
		const r = indexedDB.open("yiji-desk " + house, 1);
		r.onupgradeneeded = () => { for (const [name, keyPath] of Object.entries(stores)) r.result.createObjectStore(name, { keyPath }); };
		r.onsuccess = () => done(r.result);
		r.onerror = () => { opening = null; fail(r.error); };
	});
}

// work runs steps in one transaction and answers what it handed to done, once
// all of it has been written.
async function work(names, steps) {
	const db = await open();
	return new Promise((done, fail) => {
		const t = db.transaction(names, "readwrite", { durability: "strict" });
		let answer;
		t.oncomplete = () => done(answer);
		t.onerror = t.onabort = () => fail(t.error);
		steps(Object.fromEntries(names.map(n => [n, t.objectStore(n)])), a => { answer = a; });
	});
}

const all = name => work([name], (s, done) => { s[name].getAll().onsuccess = e => done(e.target.result); });
const put = (name, value) => work([name], s => { s[name].put(value); });

export const slips = () => all("slips");
export const blocks = () => all("blocks");
export const keep = slip => put("slips", slip);

export const get = async (key, otherwise) => (await work(["meta"], (s, done) => { s.meta.get(key).onsuccess = e => done(e.target.result); }))?.value ?? otherwise;
export const set = (key, value) => put("meta", { key, value });

const letters = "abcdefghijklmnopqrstuvwxyz234567";
export const handle = () => [...crypto.getRandomValues(new Uint8Array(26))].map((b, i) => letters[i === 25 ? b & 28 : b & 31]).join("");

// device is the name under which numbers are lent to this browser.
export async function device() {
	const made = handle();
	return work(["meta"], (s, done) => {
		s.meta.get("device").onsuccess = e => {
			if (e.target.result) return done(e.target.result.value);
			s.meta.put({ key: "device", value: made });
			done(made);
		};
	});
}

// lend keeps a block; numbers that were given from it stay given.
export const lend = b => work(["blocks"], s => {
	s.blocks.get(b.id).onsuccess = e => {
		if (!e.target.result) s.blocks.put({ id: b.id, line: b.line, first: b.first, last: b.last, next: b.first, opens: Date.parse(b.opens_at), closes: Date.parse(b.closes_at) });
	};
});

export const drop = id => work(["blocks"], s => { s.blocks.delete(id); });
export const left = (list, line) => list.filter(b => b.line === line).reduce((n, b) => n + Math.max(0, b.last - b.next + 1), 0);

// give takes the next number of a line: {slip}, or why there is none.
export const give = (line, at, more) => work(["blocks", "slips"], (s, done) => {
	s.blocks.getAll().onsuccess = e => {
		const [b] = e.target.result.filter(b => b.line === line && b.next <= b.last).sort((x, y) => x.first - y.first);
		if (!b) return done({ why: "none_left" });
		if (at >= b.closes) return done({ why: "shut" });
		const slip = { id: b.id + " " + b.next, block: b.id, line, number: b.next++, at, state: "kept", ...more };
		s.blocks.put(b);
		s.slips.put(slip);
		done({ slip });
	};
});

// tidy forgets what was settled before a time.
export const tidy = before => work(["slips"], s => {
	s.slips.getAll().onsuccess = e => {
		for (const p of e.target.result) if (p.at < before && (p.state === "home" || p.state === "seen")) s.slips.delete(p.id);
	};
});
