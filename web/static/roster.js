// Filters the roster while one types; the form still searches without it.
const form = document.querySelector("form[data-filter]");
if (form) {
	const field = form.querySelector("input[type=search]");
	const rows = [...document.querySelectorAll(form.dataset.filter + " > li")];
	const count = document.querySelector("[data-count]"), none = document.querySelector("[data-none]");
	const filter = () => {
		const q = field.value.trim().toLowerCase();
		let n = 0;
		for (const r of rows) {
			r.hidden = !r.dataset.words.includes(q);
			n += r.hidden ? 0 : 1;
		}
		count.textContent = count.dataset.count.replace("#", n);
		none.hidden = n > 0;
	};
	field.addEventListener("input", filter);
}
