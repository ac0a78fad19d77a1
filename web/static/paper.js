// Buttons that need a script: print a sheet, copy a text.
for (const b of document.querySelectorAll("[data-print]")) {
	b.hidden = false;
	b.addEventListener("click", () => print());
}

for (const b of document.querySelectorAll("[data-copy]")) {
	const says = b.querySelector("span"), before = says.textContent;
	b.hidden = false;
	const hint = b.parentElement.querySelector("[data-uncopied]");
	if (hint) hint.hidden = true;
	b.addEventListener("click", async () => {
		const field = document.getElementById(b.dataset.copy);
		try {
			await navigator.clipboard.writeText(field.value);
		} catch { // no permission, or no https: the old way
			field.select();
			if (!document.execCommand("copy")) return;
		}
		says.textContent = b.dataset.done;
		b.setAttribute("aria-live", "polite");
		setTimeout(() => { says.textContent = before; }, 4000);
	});
}
