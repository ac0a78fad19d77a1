// The plan of the booths as one draws it: with a finger, a mouse or the keys.
// The rows of the form stay the truth that is sent; this module writes into
// them and draws what they say. Lengths are centimetres.
import { fill } from "./words.js";

const root = document.querySelector("[data-layout]");
const NS = "http://www.w3.org/2000/svg";
const near = 20; // how close an edge of a neighbour pulls

function el(name, attrs = {}, ...kids) {
	const e = document.createElementNS(NS, name);
	for (const k in attrs) e.setAttribute(k, attrs[k]);
	e.append(...kids);
	return e;
}
const cm = s => Math.round(parseFloat((s || "").normalize("NFKC")) * 100) || 0;
const metres = n => String(Math.round(n) / 100);

if (root) {
	const form = root.querySelector("form"), box = root.querySelector("[data-rows]"), host = root.querySelector(".planner-ground");
	const said = root.querySelector("[data-said]"), clashes = root.querySelector("[data-clashes]"), dirtyTag = root.querySelector("[data-dirty]");
	const grid = document.getElementById("grid"), marks = Object.fromEntries(root.dataset.marks.split(" ").map(p => p.split("="))), shapes = root.dataset.shapes.split(" ");
	const blank = box.querySelector("[data-row]").cloneNode(true);
	const svg = el("svg", {class: "ground editing", role: "group", "aria-label": root.dataset.label});
	const back = el("g"), front = el("g"), guides = el("g", {class: "guides"});
	svg.append(back, front, guides);
	let frame = null, chosen = -1, past = [], future = [], label = "", dirty = "unsaved" in root.dataset, sending = false, drag = null;

	const rows = () => [...box.querySelectorAll("[data-row]")];
	const part = (row, col) => row.querySelector(`[name$=".${col}"]`);
	const read = row => ({
		code: part(row, "code").value.trim(), zone: part(row, "zone").value, x: cm(part(row, "x").value), y: cm(part(row, "y").value),
		w: cm(part(row, "w").value), h: cm(part(row, "h").value), own: part(row, "own").value,
		features: [...row.querySelectorAll('[name$=".features"]:checked')].map(e => e.value),
	});
	const all = () => rows().map(read);

	function write(row, b) {
		part(row, "code").value = b.code;
		const zone = part(row, "zone");
		if (b.zone && ![...zone.options].some(o => o.value === b.zone)) zone.add(new Option(b.zone, b.zone));
		zone.value = b.zone;
		for (const k of ["x", "y"]) part(row, k).value = metres(b[k]);
		for (const k of ["w", "h"]) part(row, k).value = b[k] ? metres(b[k]) : "";
		part(row, "own").value = b.own;
		for (const e of row.querySelectorAll('[name$=".features"]')) e.checked = b.features.includes(e.value);
	}

	// number gives the rows the names the server counts them by.
	function number() {
		rows().forEach((row, i) => {
			for (const e of row.querySelectorAll("[name],[id],[for],[aria-describedby]")) {
				for (const a of ["name", "id", "for", "aria-describedby", "value"]) {
					const v = e.getAttribute(a);
					if (v && (a !== "value" || e.name === "step")) e.setAttribute(a, v.replace(/booths\[\d+\]/g, `booths[${i}]`).replace(/(drop:booths:)\d+/, `$1${i}`));
				}
			}
			row.querySelector("legend").textContent = row.querySelector("legend").textContent.replace(/\d+\s*$/, i + 1);
		});
	}

	function fresh(b) {
		const row = blank.cloneNode(true);
		for (const e of row.querySelectorAll(".wrong")) e.remove();
		for (const e of row.querySelectorAll("[aria-invalid]")) e.removeAttribute("aria-invalid");
		for (const e of row.querySelectorAll("[data-plain]")) e.hidden = true;
		write(row, b);
		return row;
	}

	function rebuild(list) {
		box.replaceChildren(...list.map(fresh));
		number();
		zonesOf();
	}

	// keep remembers how things were before a change; one key held down is one change.
	function keep(what = "") {
		if (what && what === label) return;
		past.push(JSON.stringify(all()));
		if (past.length > 200) past.shift();
		future = [];
		label = what;
	}

	function changed() {
		dirty = true;
		draw();
	}

	function travel(from, to) {
		if (!from.length) return;
		to.push(JSON.stringify(all()));
		rebuild(JSON.parse(from.pop()));
		label = "";
		choose(Math.min(chosen, rows().length - 1));
		changed();
	}

	function usual(list) {
		let size = 300;
		list.forEach((a, i) => list.slice(0, i).forEach(b => {
			const far = Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y));
			if (far > 0) size = Math.min(size, Math.floor(far * 4 / 5));
		}));
		return Math.max(size, 20);
	}
	const sized = list => { const u = usual(list); return list.map(b => ({...b, W: b.w || u, H: b.h || u})); };

	// widen lets the frame grow so that there is always room to drag into, and never shrink.
	function widen(list) {
		const to = [[-100, -100], [1000, 700], ...list.flatMap(b => [[b.x - b.W / 2 - 250, b.y - b.H / 2 - 250], [b.x + b.W / 2 + 250, b.y + b.H / 2 + 250]])];
		if (frame) to.push([frame[0], frame[1]], [frame[2], frame[3]]);
		frame = [Math.min(...to.map(p => p[0])), Math.min(...to.map(p => p[1])), Math.max(...to.map(p => p[0])), Math.max(...to.map(p => p[1]))];
		svg.setAttribute("viewBox", `${frame[0]} ${frame[1]} ${frame[2] - frame[0]} ${frame[3] - frame[1]}`);
	}

	// drawZones draws the zones as the server does (page_ground.go): in the order of
	// their first booth, with the colour and the shape of their turn.
	function drawZones(list) {
		const zones = new Map();
		for (const b of [...list].sort((a, b) => a.code < b.code ? -1 : a.code > b.code ? 1 : 0)) zones.set(b.zone, [...zones.get(b.zone) || [], b]);
		const edge = of => [Math.min(...of.map(b => b.x - b.W / 2)), Math.min(...of.map(b => b.y - b.H / 2)), Math.max(...of.map(b => b.x + b.W / 2)), Math.max(...of.map(b => b.y + b.H / 2))];
		const [left, , right] = edge(list), font = Math.max(50, Math.floor((Math.max(right - left, 500) + 300) / 18)), head = Math.floor(font * 8 / 5);
		back.replaceChildren(...[...zones].flatMap(([name, of], i) => {
			const [l, t, r, u] = edge(of), n = i % shapes.length, w = r - l + 80;
			const ground = el("rect", {class: "zone zone-" + (name ? n : "none"), x: l - 40, y: t - head, width: w, height: u - t + head + 40, rx: 20});
			return name ? [ground, el("text", {class: "zone-name z-" + n, x: l - 10, y: t - head + Math.floor(font * 11 / 10), "font-size": Math.min(font, Math.floor((w - 60) / ([...name].length + 1)))}, shapes[n] + " " + name)] : [ground];
		}));
		back.append(...gridLines());
	}

	function gridLines() {
		const out = [];
		for (let x = Math.ceil(frame[0] / 100) * 100; x <= frame[2]; x += 100) out.push(el("line", {class: x % 500 ? "grid" : "grid five", x1: x, x2: x, y1: frame[1], y2: frame[3]}));
		for (let y = Math.ceil(frame[1] / 100) * 100; y <= frame[3]; y += 100) out.push(el("line", {class: y % 500 ? "grid" : "grid five", y1: y, y2: y, x1: frame[0], x2: frame[2]}));
		return out;
	}

	function shape(b, i, row) {
		const side = Math.min(b.W, b.H * 5 / 4), icons = b.features.filter(f => marks[f]);
		const s = Math.min(Math.min(b.W, b.H) / 5, b.W / Math.max(icons.length, 1));
		const g = el("g", {class: "booth free", tabindex: 0, role: "button", "data-i": i, transform: `translate(${b.x} ${b.y})`,
			"aria-label": fill(root.dataset.at, {code: b.code, x: metres(b.x), y: metres(b.y)})},
			el("rect", {x: -b.W / 2, y: -b.H / 2, width: b.W, height: b.H}), el("text", {y: 0, "font-size": side * 2 / 7, "text-anchor": "middle"}, b.code),
			...icons.map((f, k) => el("use", {class: "mark", href: root.dataset.sprite + "#" + marks[f], x: -s * icons.length / 2 + s * k, y: b.H / 2 - s * 7 / 6, width: s, height: s})));
		g.classList.toggle("chosen", i === chosen);
		g.classList.toggle("broken", !!row.querySelector(".wrong"));
		g.setAttribute("aria-pressed", i === chosen);
		return g;
	}

	function draw() {
		const list = sized(all()), on = document.activeElement?.dataset?.i;
		widen(list);
		drawZones(list);
		const at = rows();
		front.replaceChildren(...list.map((b, i) => shape(b, i, at[i])));
		if (on !== undefined) front.children[on]?.focus({preventScroll: true});
		const over = new Set();
		list.forEach((a, i) => list.slice(0, i).forEach(b => {
			if (Math.abs(a.x - b.x) < (a.W + b.W) / 2 - 1 && Math.abs(a.y - b.y) < (a.H + b.H) / 2 - 1) over.add(a.code).add(b.code);
		}));
		clashes.hidden = !over.size;
		clashes.textContent = fill(root.dataset.clash, {codes: [...over].join("、")});
		dirtyTag.hidden = !dirty;
		root.querySelector("[data-do=undo]").disabled = !past.length;
		root.querySelector("[data-do=redo]").disabled = !future.length;
		for (const d of ["copy", "drop", "row"]) root.querySelector(`[data-do=${d}]`).disabled = chosen < 0;
	}

	// choose shows the numbers of one booth and hides the others'.
	function choose(i) {
		chosen = i;
		rows().forEach((row, k) => row.classList.toggle("chosen", k === i));
		[...front.children].forEach((g, k) => { g.classList.toggle("chosen", k === i); g.setAttribute("aria-pressed", k === i); });
		for (const d of ["copy", "drop", "row"]) root.querySelector(`[data-do=${d}]`).disabled = i < 0;
	}

	function tell(b) {
		said.textContent = fill(root.dataset.at, {code: b.code, x: metres(b.x), y: metres(b.y)});
	}

	// snap pulls a booth to the edges and middles of its neighbours, else to the grid.
	function snap(b, list, skip) {
		const step = Number(grid.value), lines = [];
		for (const [c, S, d] of [["x", "W", "y"], ["y", "H", "x"]]) {
			let best = Math.round(b[c] / step) * step, off = Infinity;
			list.forEach((o, k) => {
				if (k === skip) return;
				for (const to of [o[c], o[c] - o[S] / 2 + b[S] / 2, o[c] + o[S] / 2 - b[S] / 2, o[c] + (o[S] + b[S]) / 2, o[c] - (o[S] + b[S]) / 2]) {
					if (Math.abs(b[c] - to) <= near && Math.abs(b[c] - to) < off) {
						off = Math.abs(b[c] - to);
						best = to;
						lines[c === "x" ? 0 : 1] = c === "x" ? [to, o[d], to, b[d]] : [o[d], to, b[d], to];
					}
				}
			});
			b[c] = Math.round(best);
		}
		guides.replaceChildren(...lines.filter(Boolean).map(l => el("line", {x1: l[0], y1: l[1], x2: l[2], y2: l[3]})));
		return b;
	}

	const place = e => new DOMPoint(e.clientX, e.clientY).matrixTransform(svg.getScreenCTM().inverse());

	svg.addEventListener("pointerdown", e => {
		const g = e.target.closest(".booth");
		if (!g || e.button) return;
		const i = Number(g.dataset.i);
		if (e.pointerType === "mouse" || i === chosen) {
			const list = sized(all()), p = place(e);
			drag = {i, g, list, from: {...list[i]}, dx: list[i].x - p.x, dy: list[i].y - p.y, px: e.clientX, py: e.clientY, moved: false};
			g.setPointerCapture(e.pointerId);
			e.preventDefault();
		}
		choose(i);
		g.focus({preventScroll: true});
	});
	svg.addEventListener("pointermove", e => {
		if (!drag || !drag.moved && Math.hypot(e.clientX - drag.px, e.clientY - drag.py) < 4) return;
		drag.moved = true;
		const p = place(e);
		drag.to = snap({...drag.from, x: p.x + drag.dx, y: p.y + drag.dy}, drag.list, drag.i);
		drag.g.setAttribute("transform", `translate(${drag.to.x} ${drag.to.y})`);
		tell(drag.to);
	});
	// touch-action inside a drawing is not heeded everywhere: what is dragged does not scroll the page.
	svg.addEventListener("touchmove", e => { if (drag && e.cancelable) e.preventDefault(); }, {passive: false});
	const drop = commit => () => {
		if (!drag) return;
		const d = drag;
		drag = null;
		guides.replaceChildren();
		if (commit && d.to) {
			keep();
			const row = rows()[d.i];
			part(row, "x").value = metres(d.to.x);
			part(row, "y").value = metres(d.to.y);
			changed();
		} else draw();
	};
	svg.addEventListener("pointerup", drop(true));
	svg.addEventListener("pointercancel", drop(false));

	svg.addEventListener("focusin", e => {
		const g = e.target.closest(".booth");
		if (g) choose(Number(g.dataset.i));
	});
	svg.addEventListener("keydown", e => {
		const g = e.target.closest(".booth"), by = e.shiftKey ? 100 : 10;
		const way = {ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by]}[e.key];
		if (!g || e.ctrlKey || e.metaKey) return;
		const i = Number(g.dataset.i), row = rows()[i];
		if (way) {
			keep("keys" + i);
			const b = read(row);
			part(row, "x").value = metres(b.x + way[0]);
			part(row, "y").value = metres(b.y + way[1]);
			changed();
			tell(read(row));
		} else if (e.key === "Delete" || e.key === "Backspace") act.drop();
		else if (e.key === "Enter") part(row, "code").focus();
		else if (e.key === "Escape") drop(false)();
		else return;
		e.preventDefault();
	});
	addEventListener("keydown", e => {
		if (!(e.ctrlKey || e.metaKey) || e.target.matches("input, textarea, select")) return;
		const k = e.key.toLowerCase();
		if (k === "z" && !e.shiftKey) act.undo();
		else if (k === "y" || k === "z") act.redo();
		else return;
		e.preventDefault();
	});

	// next is a code nobody has: A3 after A2.
	function next(code, list) {
		const m = /^(.*?)(\d+)$/.exec(code || "A0") || [0, code, "1"];
		let n = Number(m[2]);
		do n++; while (list.some(b => b.code === m[1] + n));
		return m[1] + n;
	}
	function put(made) {
		keep();
		rebuild([...all(), ...made]);
		choose(rows().length - 1);
		changed();
		front.children[chosen].focus({preventScroll: true});
		tell(read(rows()[chosen]));
	}
	function after(b, list) { return {...b, features: [...b.features], code: next(b.code, list)}; }
	const act = {
		undo: () => travel(past, future),
		redo: () => travel(future, past),
		add() {
			const list = sized(all()), b = list[chosen] ?? list.at(-1);
			put([b ? {...after(b, list), x: b.x + b.W + 50, features: [], own: ""} : {code: "A1", zone: "", x: 200, y: 200, w: 300, h: 300, own: "", features: []}]);
		},
		copy() {
			const list = sized(all()), b = list[chosen];
			if (b) put([{...after(b, list), y: b.y + b.H + 50}]);
		},
		row() {
			const list = sized(all()), n = Math.min(30, Math.max(2, Number(document.getElementById("row-count").value) || 2)), made = [];
			let b = list[chosen];
			for (let k = 1; b && k < n; k++) {
				b = {...after(b, [...list, ...made]), x: b.x + b.W + 50};
				made.push(b);
			}
			if (made.length) put(made);
		},
		drop() {
			const row = rows()[chosen];
			if (!row) return;
			keep();
			row.remove();
			number();
			choose(Math.min(chosen, rows().length - 1));
			changed();
			front.children[chosen]?.focus({preventScroll: true});
		},
		numbers() { root.classList.toggle("numbers"); },
	};
	root.addEventListener("click", e => {
		const b = e.target.closest("[data-do]");
		if (b) act[b.dataset.do]();
	});

	// zonesOf offers in every row the zones that are written below.
	function zonesOf() {
		const names = [...form.querySelectorAll('[name^="zones["][name$="].name"]')].map(e => e.value.trim()).filter(Boolean);
		for (const row of rows()) {
			const s = part(row, "zone"), now = s.value;
			s.replaceChildren(s.options[0], ...[...new Set([...names, now].filter(Boolean))].map(n => new Option(n, n)));
			s.value = now;
		}
	}
	form.addEventListener("focusin", e => {
		const row = e.target.closest("[data-row]");
		if (row) { before = JSON.stringify(all()); choose(rows().indexOf(row)); }
	});
	let before = "";
	form.addEventListener("change", e => {
		if (e.target.closest("[data-row]") && before) { past.push(before); future = []; label = ""; before = JSON.stringify(all()); }
		if (e.target.name?.startsWith("zones[")) zonesOf();
		changed();
	});
	form.addEventListener("submit", () => { sending = true; });
	addEventListener("beforeunload", e => { if (dirty && !sending) e.preventDefault(); });

	for (const row of rows()) if (!part(row, "code").value && !row.querySelector(".wrong") && !read(row).x && !read(row).y) row.remove();
	number();
	for (const e of root.querySelectorAll("[data-plain]")) e.hidden = true;
	for (const e of root.querySelectorAll("[data-tools], [data-help], [data-numbers], [data-said]")) e.hidden = false;
	root.classList.add("live");
	const legend = host.querySelector(".marks");
	host.replaceChildren(svg, ...(legend ? [legend] : []));
	draw();
	choose(Math.max(rows().findIndex(r => r.querySelector(".wrong")), rows().length ? 0 : -1));
}
