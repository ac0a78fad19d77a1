// Numbers in texts of the server: {n} is the number, {n|date|dates} a word that
// depends on it.
export const numbered = (text, values) => text.replace(/\{(\w+)\|([^{}|]*)\|([^{}|]*)\}/g,
	(all, name, one, more) => name in values ? String(values[name]) === "1" ? one : more : all);

export const fill = (text, values) => numbered(text, values).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

// scaled is a wait in what people say it in: minutes, half hours, half days; its
// unit names the text, or says that the line may close before. The server does the same (public_when.go).
export function scaled({ lo, hi, left }) {
	if (lo > left) return { lo, hi, unit: "late" };
	const [unit, size] = hi > 1440 ? ["days", 1440] : hi > 60 ? ["hours", 60] : ["text", 1];
	if (size === 1) return { lo, hi, unit };
	lo = Math.floor(2 * lo / size) / 2;
	return { lo, hi: Math.max(Math.ceil(2 * hi / size) / 2, lo + 0.5), unit };
}
