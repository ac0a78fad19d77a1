// Keeps the pages of one's numbers and the page of the desk readable without a
// network. The server writes OURS before this: the files those pages need, and
// their policy. The pages put themselves into their stores: those of numbers
// with what they last knew (fresh.js), the desk's with its files (kept.js). For
// any other page that cannot be had there is one that says so.
const FILES = "files", DESK = "desk", OFFLINE = "/offline", PATIENCE = 6000;
const stores = [[/^\/t\/[a-z2-7]{26}$|^\/d\/[a-z2-7]{26}\/card$/, "pages"], [/^\/desk\/[a-z0-9-]+$/, DESK]];
const ours = [...OURS.files, ...OURS.desk];

addEventListener("install", e => {
	skipWaiting();
	e.waitUntil(caches.open(FILES).then(c => c.addAll(OURS.files)));
});

addEventListener("activate", e => e.waitUntil((async () => {
	const files = await caches.open(FILES);
	for (const r of await files.keys()) {
		if (!ours.includes(new URL(r.url).pathname)) await files.delete(r);
	}
	await clients.claim();
})()));

addEventListener("fetch", e => {
	const { pathname, search, origin } = new URL(e.request.url);
	if (origin !== location.origin) return;
	// Who comes or goes leaves no page of the desk to the next at this machine.
	if (e.request.method === "POST" && /^\/log(in|out)$/.test(pathname)) e.waitUntil(caches.delete(DESK));
	if (e.request.method !== "GET") return;
	if (ours.includes(pathname)) return e.respondWith(file(pathname).then(f => f || fetch(e.request)));
	if (e.request.mode !== "navigate") return;
	const store = stores.find(([mine]) => mine.test(pathname));
	const answer = (store ? page(e.request, pathname, store[1]) : fetch(e.request)).catch(async lost => await file(OFFLINE) || Promise.reject(lost));
	e.respondWith(answer);
	// chosen anew: the page for no network in that language and size
	if (/[?&](lang|size|theme)=/.test(search)) e.waitUntil(answer.then(() => caches.open(FILES)).then(c => c.add(OFFLINE)).catch(() => {}));
});

const file = name => caches.match(name, { cacheName: FILES });

// refused is an answer after which a page is nobody's to read here any more.
const refused = answer => answer.type === "opaqueredirect" || [401, 403, 404, 410].includes(answer.status);

// page asks the network, for a while; then what is kept must do. A page shown
// from the store says so; that of the desk shows itself when it has found its
// reader.
async function page(request, path, name) {
	const store = await caches.open(name), kept = await store.match(path);
	try {
		const answer = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE) } : {});
		if (kept && refused(answer)) await store.delete(path);
		if (!kept || answer.status < 500) return answer;
	} catch (lost) {
		if (!kept) throw lost;
	}
	let text = await kept.text();
	text = name === DESK ? text.replace("<html", "<html data-kept").replace("<body", "<body hidden") : text.replace(/(<p id="stale"[^>]*?) hidden=""/, "$1");
	return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": OURS.policy } });
}
