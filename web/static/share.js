// Handing a page on: the telephone's own way where there is one, else the link.
const address = () => location.origin + location.pathname;

function show(root) {
	for (const b of root.querySelectorAll("[data-share]")) b.hidden = !navigator.share;
	for (const b of root.querySelectorAll("[data-copy]")) b.hidden = !navigator.clipboard || !!navigator.share;
}

document.addEventListener("click", async e => {
	const share = e.target.closest("[data-share]"), copy = e.target.closest("[data-copy]");
	if (share) navigator.share({ title: document.title, url: address() }).catch(() => {}); // changed one's mind
	if (!copy) return;
	await navigator.clipboard.writeText(address());
	copy.querySelector("span").textContent = copy.dataset.done;
});
document.addEventListener("fresh", () => show(document));
show(document);
