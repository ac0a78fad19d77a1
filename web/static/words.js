// Numbers in texts of the server: {n} is the number, {n|date|dates} a word that
// depends on it.
export const numbered = (text, values) => text.replace(/\{(\w+)\|([^{}|]*)\|([^{}|]*)\}/g,
	(all, name, one, more) => name in values ? String(values[name]) === "1" ? one : more : all);

export const fill = (text, values) => numbered(text, values).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

// scaled is a wait in what people say it in: minutes, tens of minutes, beyond two hours hours; its
// unit names the text, or says that the line may close before. The server does the same (public_when.go).
export function scaled({ lo, hi, left }) {
	if (lo > left) return { lo, hi, unit: "late" };
	const [unit, size, step] = hi > 120 ? ["hours", 60, 1] : hi > 60 ? ["text", 1, 10] : ["text", 1, 1], part = size * step;
	lo = Math.floor(lo / part) * step;
	return { lo, hi: Math.max(Math.ceil(hi / part) * step, lo + step), unit };
}
