// While a market's rule is typed the server is asked which dates that would
// give; the page shows its list. An answer that came too late is dropped.
const form = document.querySelector("form[data-series]");
const wait = 250;
let timer = 0, asked = 0;

function plain() {
	for (const e of form.querySelectorAll("[data-plain]")) e.hidden = true;
}

function swap(fresh, id) {
	const now = document.getElementById(id), next = fresh.getElementById(id);
	if (now && next) now.replaceWith(next);
}

// wrong puts what is wrong with the rule to its fields, in which one goes on writing.
function wrong(fresh) {
	for (const e of form.querySelectorAll("#rule .wrong")) e.remove();
	for (const e of fresh.querySelectorAll("#rule .wrong")) {
		const of = e.nextElementSibling;
		const at = of && of.id && document.getElementById(of.id);
		if (at) at.before(e);
		else document.querySelector("#rule legend").after(e);
	}
}

async function ask() {
	const turn = ++asked;
	const sent = new URLSearchParams(new FormData(form));
	sent.set("step", "dates");
	const kind = form.elements.kind;
	const other = kind.value !== form.elements.shown.value;
	try {
		const res = await fetch(form.action, {method: "POST", body: sent, headers: {Accept: "text/html"}});
		if (turn !== asked || !res.ok) return;
		const fresh = new DOMParser().parseFromString(await res.text(), "text/html");
		if (turn !== asked) return;
		if (other) {
			const focused = document.activeElement === kind;
			swap(fresh, "rule");
			plain();
			if (focused) form.elements.kind.focus();
		}
		else wrong(fresh);
		swap(fresh, "dates");
		const said = document.getElementById("said"), next = fresh.getElementById("said");
		if (said.textContent !== next.textContent) said.replaceChildren(...next.childNodes);
	} catch {
		// No network: the list stays, the button still works.
	} finally {
		if (turn === asked) document.getElementById("dates").removeAttribute("aria-busy");
	}
}

function changed(e) {
	if (!e.target.name || e.target.closest("details")) return;
	clearTimeout(timer);
	document.getElementById("dates").setAttribute("aria-busy", "true");
	timer = setTimeout(ask, e.type === "change" ? 0 : wait);
}

if (form) {
	plain();
	form.addEventListener("input", changed);
	form.addEventListener("change", changed);
	if (form.elements["rule.monthly.days"]?.value === "" || !document.querySelector("#dates li")) ask();
}
