// Keeps the pages of one's numbers readable without a network. The server
// writes OURS before this: the files those pages need, and their policy. The
// pages put themselves into the store (fresh.js), with what they last knew.
const FILES = "files", PAGES = "pages", PATIENCE = 6000;
const mine = path => /^\/t\/[a-z2-7]{26}$|^\/d\/[a-z2-7]{26}\/card$/.test(path);

addEventListener("install", e => {
	skipWaiting();
	e.waitUntil(caches.open(FILES).then(c => c.addAll(OURS.files)));
});

addEventListener("activate", e => e.waitUntil((async () => {
	const files = await caches.open(FILES);
	for (const r of await files.keys()) {
		if (!OURS.files.includes(new URL(r.url).pathname)) await files.delete(r);
	}
	await clients.claim();
})()));

addEventListener("fetch", e => {
	const { pathname, origin } = new URL(e.request.url);
	if (e.request.method !== "GET" || origin !== location.origin) return;
	if (OURS.files.includes(pathname)) e.respondWith(caches.match(pathname).then(f => f || fetch(e.request)));
	else if (e.request.mode === "navigate" && mine(pathname)) e.respondWith(page(e.request, pathname));
});

// page asks the network, for a while; then what is kept must do. A page shown
// from the store says so.
async function page(request, path) {
	const pages = await caches.open(PAGES), kept = await pages.match(path);
	try {
		const answer = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE) } : {});
		if (kept && (answer.status === 404 || answer.status === 410)) await pages.delete(path);
		if (!kept || answer.status < 500) return answer;
	} catch (lost) {
		if (!kept) throw lost;
	}
	const text = (await kept.text()).replace(/(<p id="stale"[^>]*?) hidden=""/, "$1");
	return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": OURS.policy } });
}
