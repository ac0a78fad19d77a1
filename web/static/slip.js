// Prints slips: a number as it stands on the page, nothing else.
export async function print(root) {
	for (const img of root.querySelectorAll(".slip img")) {
		if (!img.complete) await Promise.race([img.decode().catch(() => {}), new Promise(r => setTimeout(r, 3000))]);
	}
	window.print();
}

// printed reports whether slips are printed by themselves: a paper was chosen.
export const printed = () => /\bpaper-/.test(document.documentElement.className);

// printer lets the buttons below root print.
export function printer(root) {
	for (const b of root.querySelectorAll("button[data-print]")) {
		b.hidden = false;
		b.addEventListener("click", () => print(root));
	}
}

printer(document);
