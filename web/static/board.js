// The assignment board without loading the page anew: a claim is chosen by a
// tap or dragged onto a booth, and what that would change is asked from the
// server, which renders it as it does without this module.
const board = () => document.getElementById("board");
let turn = 0, drag = null, carried = -1;

// show fetches the plan with a claim and a booth chosen and puts its board here.
async function show(address, focus) {
	const now = ++turn, why = document.getElementById("f-reason")?.value ?? "";
	const at = new URL(address, location.href);
	try {
		const res = await fetch(at, {headers: {Accept: "text/html"}});
		const fresh = new DOMParser().parseFromString(await res.text(), "text/html").getElementById("board");
		if (now !== turn) return;
		if (!res.ok || !fresh) throw new Error(String(res.status));
		board().replaceWith(fresh);
		history.replaceState(null, "", at.pathname + at.search);
		const reason = document.getElementById("f-reason");
		if (reason && why) reason.value = why;
		const to = focus ? document.querySelector(focus) : null;
		to?.focus();
	} catch {
		if (now === turn) location.assign(at);
	}
}

const chosen = url => {
	const at = new URL(url, location.href).searchParams;
	return at.get("booth") ? "#f-reason" : "#decide";
};

function clicked(e) {
	if (e.timeStamp - carried < 50 && e.target.closest("[data-claim]")) return e.preventDefault(); // the end of a drag
	const a = e.target.closest(".board a[href]");
	if (!a || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
	e.preventDefault();
	const to = a.href?.baseVal ?? a.href;
	show(to, chosen(to));
}

function picked(e) {
	const form = e.target.closest("form[data-decide]");
	if (!form || e.target.tagName !== "SELECT") return;
	const q = new URLSearchParams({claim: form.elements.claim.value, booth: form.elements.booth.value});
	show(form.dataset.decide + "?" + q, "#f-" + e.target.name);
}

// A claim of the list is carried over the plan; let go over a booth, it is chosen there.
const boothAt = e => document.elementFromPoint(e.clientX, e.clientY)?.closest(".board [data-booth]");

function hover(booth) {
	for (const b of document.querySelectorAll(".board .over")) b.classList.remove("over");
	booth?.classList.add("over");
}

addEventListener("pointerdown", e => {
	const chip = e.target.closest?.("[data-claim]");
	if (!chip || e.button || e.pointerType !== "mouse" && !e.target.closest(".icon")) return;
	drag = {claim: chip.dataset.claim, chip, x: e.clientX, y: e.clientY, ghost: null};
});
addEventListener("pointermove", e => {
	if (!drag) return;
	if (!drag.ghost) {
		if (Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 6) return;
		drag.ghost = drag.chip.cloneNode(true);
		drag.ghost.classList.add("ghost");
		drag.ghost.removeAttribute("href");
		document.body.append(drag.ghost);
	}
	drag.ghost.style.transform = `translate(${e.clientX + 8}px, ${e.clientY + 8}px)`;
	hover(boothAt(e));
});
addEventListener("pointerup", e => {
	if (!drag) return;
	const {claim, ghost} = drag, booth = ghost && boothAt(e);
	drag = null;
	hover(null);
	if (!ghost) return;
	ghost.remove();
	carried = e.timeStamp;
	const form = document.querySelector("form[data-decide]");
	if (booth?.dataset.booth && form) show(form.dataset.decide + "?" + new URLSearchParams({claim, booth: booth.dataset.booth}), "#f-reason");
});
addEventListener("pointercancel", () => {
	drag?.ghost?.remove();
	drag = null;
	hover(null);
});
addEventListener("dragstart", e => { if (e.target.closest?.("[data-claim], .ground")) e.preventDefault(); });
document.addEventListener("click", clicked);
document.addEventListener("change", picked);
