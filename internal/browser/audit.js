// What is measured on an open page. It is called with the audience's numbers
// and returns findings {check, at, say}; at is short and stands for all
// elements of that kind, so that a ledger of findings stays readable.
(bar) => {
  const out = [], known = new Set();
  const found = (check, e, say) => {
    const at = short(e), key = check + "|" + at;
    if (!known.has(key)) { known.add(key); out.push({check, at, say: String(say)}) }
  };
  const short = e => {
    if (!e || e === document.documentElement) return "html";
    const one = x => x.tagName.toLowerCase() + (x.classList.length ? "." + x.classList[0] : "") + (x.getAttribute("type") ? "[" + x.getAttribute("type") + "]" : "");
    const up = e.parentElement;
    return (up && up !== document.body && up !== document.documentElement ? one(up) + ">" : "") + one(e);
  };
  const round = n => Math.round(n * 10) / 10;
  const style = e => getComputedStyle(e);
  const seen = e => {
    if (!e.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    const r = e.getBoundingClientRect();
    if (r.width <= 1 || r.height <= 1 || r.right + scrollX <= 0 || r.bottom + scrollY <= 0) return false; // hidden from eyes only
    for (let x = e; x && x !== document.body; x = x.parentElement) {
      const s = style(x);
      if (s.position === "absolute" && (s.clipPath !== "none" || s.clip !== "auto") && x.clientWidth <= 1) return false;
    }
    return true;
  };

  // Colours: any CSS colour as [r, g, b, a], laid over what is behind it.
  const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
  const mixed = {};
  const rgba = c => mixed[c] ??= (() => {
    const m = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(c);
    if (m) return [+m[1], +m[2], +m[3], m[4] === undefined ? 1 : +m[4]];
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = c; pen.fillRect(0, 0, 1, 1);
    const d = pen.getImageData(0, 0, 1, 1).data;
    return [d[0], d[1], d[2], d[3] / 255];
  })();
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const canvas = () => matchMedia("(prefers-color-scheme: dark)").matches && style(document.documentElement).colorScheme.includes("dark") ? [18, 18, 18, 1] : [255, 255, 255, 1];
  const ground = e => {
    const layers = [];
    for (let x = e; x; x = x.parentElement) {
      const c = rgba(style(x).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, c) => over(c, under), canvas());
  };
  const faded = e => { let o = 1; for (let x = e; x; x = x.parentElement) o *= +style(x).opacity; return o };
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05) };

  // The page itself.
  const root = document.documentElement;
  if (!root.lang) found("lang", root, "the page says no language");
  for (const e of document.querySelectorAll("[style]")) found("inline-style", e, e.getAttribute("style"));
  for (const e of document.querySelectorAll("style")) found("inline-style", e, "a style element");
  let level = 0;
  const heads = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(e => e.checkVisibility());
  if (heads.filter(h => h.tagName === "H1").length !== 1) found("headings", document.querySelectorAll("h1")[1] ?? root, "not exactly one h1");
  for (const h of heads) {
    const n = +h.tagName[1];
    if (n > level + 1) found("headings", h, "h" + n + " after h" + level);
    level = n;
  }
  if (root.scrollWidth > root.clientWidth + 1) {
    const inside = e => { for (let x = e.parentElement; x && x !== document.body; x = x.parentElement) if (style(x).overflowX !== "visible") return true; return false };
    let widest = null, right = root.clientWidth + 1;
    for (const e of document.body.querySelectorAll("*")) {
      const r = e.getBoundingClientRect().right + scrollX;
      if (r > right && !inside(e)) { widest = e; right = r }
    }
    found("sideways", widest, root.scrollWidth + " px in " + root.clientWidth);
  }

  // Text: size, contrast, cut off, overlapping.
  const lines = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let t = walk.nextNode(); t; t = walk.nextNode()) {
    const e = t.parentElement;
    if (!t.data.trim() || ["SCRIPT", "STYLE", "NOSCRIPT", "TITLE", "OPTION", "TEMPLATE"].includes(e.tagName) || !seen(e)) continue;
    const s = style(e), size = parseFloat(s.fontSize), svg = e.ownerSVGElement;
    const control = e.closest("button, .button, input[type=submit]");
    if (!svg && control && size < bar.button - 0.1) found("button-size", control, round(size) + " px");
    else if (!svg && size < bar.text - 0.1) found("text-size", e, round(size) + " px");
    const name = control ?? e.closest("th, .choose"); // what is pressed and what heads a column is read at a glance: its words stay whole
    if (name) for (const w of t.data.matchAll(/\p{Script=Latin}{3,}/gu)) {
      const word = document.createRange();
      word.setStart(t, w.index);
      word.setEnd(t, w.index + w[0].length);
      if (new Set([...word.getClientRects()].map(r => Math.round(r.top))).size > 1) found("broken-word", name, w[0]);
    }
    for (const w of t.data.matchAll(/[\d:]*\d\u2060?–\u2060?\d[\d:]*/g)) { // 09:00–11:30 is one thing
      const both = document.createRange();
      both.setStart(t, w.index);
      both.setEnd(t, w.index + w[0].length);
      if (!svg && new Set([...both.getClientRects()].map(r => Math.round(r.top))).size > 1) found("torn-span", e, w[0]);
    }
    const big = size >= 24 || (size >= 18.66 && +s.fontWeight >= 700);
    if (!e.closest(":disabled, [aria-disabled=true]")) {
      const g = ground(svg ? svg.parentElement : e), c = rgba(svg ? s.fill : s.color);
      const r = ratio(over([c[0], c[1], c[2], c[3] * faded(e)], g), g);
      if (!svg && r < (big ? bar.bigContrast : bar.contrast) - 0.05) found("contrast", e, round(r) + " : 1 at " + round(size) + " px");
    }
    let fixed = false;
    for (let x = e; x; x = x.parentElement) fixed ||= ["fixed", "sticky"].includes(style(x).position);
    const span = document.createRange();
    span.selectNodeContents(t);
    if (!fixed && !svg) for (const r of span.getClientRects()) {
      const air = Math.max(0, (r.height - size) / 2); // fonts claim more height than their signs have
      if (r.width > 3 && r.height > 3) lines.push({e, size, r: {left: r.left, right: r.right, top: r.top + air, bottom: r.bottom - air}});
    }
  }
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.innerText?.trim() || e.clientWidth <= 1 || e.tagName === "SELECT" || !seen(e)) continue;
    const s = style(e);
    if (["hidden", "clip"].includes(s.overflowX) && e.scrollWidth > e.clientWidth + 1) found("cut-off", e, e.scrollWidth + " px wide in " + e.clientWidth);
    if (["hidden", "clip"].includes(s.overflowY) && e.scrollHeight > e.clientHeight + 2) found("cut-off", e, e.scrollHeight + " px high in " + e.clientHeight);
  }
  lines.sort((a, b) => a.r.top - b.r.top);
  for (let i = 0; i < lines.length; i++) for (let j = i + 1; j < lines.length && lines[j].r.top < lines[i].r.bottom; j++) {
    const a = lines[i], b = lines[j];
    if (a.e === b.e || a.e.contains(b.e) || b.e.contains(a.e)) continue;
    const w = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left), h = Math.min(a.r.bottom, b.r.bottom) - b.r.top;
    if (w > 4 && h > 0.5 * Math.min(a.size, b.size)) found("overlap", b.e, "over " + short(a.e));
  }

  // What one presses: size, distance, borders.
  const sentence = e => style(e).display === "inline" && [...e.parentElement.childNodes].some(n => n.nodeType === 3 && n.data.trim().length > 1);
  const targets = [];
  const stays = e => { for (; e; e = e.parentElement) if (["fixed", "sticky"].includes(style(e).position)) return true; return false; };
  for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=switch], [tabindex='0']")) {
    if (!seen(e) || e.disabled || sentence(e) || e.ownerSVGElement) continue;
    const boxes = [e, ...(["checkbox", "radio"].includes(e.type) ? e.labels ?? [] : [])].map(x => x.getBoundingClientRect());
    const r = {left: Math.min(...boxes.map(b => b.left)), top: Math.min(...boxes.map(b => b.top)), right: Math.max(...boxes.map(b => b.right)), bottom: Math.max(...boxes.map(b => b.bottom))};
    const w = r.right - r.left, h = r.bottom - r.top;
    const own = rgba(style(e).backgroundColor), behind = ground(e.parentElement);
    const press = e.matches("button, .button, input[type=submit]");
    const first = press && own[3] > 0 && ratio(over(own, behind), behind) >= 3;
    const least = first ? bar.primary : bar.target;
    if (w < least - 0.6 || h < least - 0.6) found(first ? "primary-size" : "target-size", e, round(w) + " × " + round(h));
    if (e.matches("input:not([type=checkbox], [type=radio], [type=range], [type=submit], [type=file]), select, textarea") || (press && !first && parseFloat(style(e).borderTopWidth) > 0)) {
      const s = style(e), edge = parseFloat(s.borderBottomWidth) > 0 ? ratio(over(rgba(s.borderBottomColor), behind), behind) : 1;
      if (Math.max(edge, ratio(over(own, behind), behind)) < 2.95) found("border-contrast", e, round(edge) + " : 1");
    }
    targets.push({e, r, fixed: stays(e)});
  }
  for (let i = 0; i < targets.length; i++) for (let j = i + 1; j < targets.length; j++) {
    const a = targets[i], b = targets[j];
    if (a.fixed !== b.fixed) continue; // a bar that stays: what lies under it scrolls away
    if (a.e.contains(b.e) || b.e.contains(a.e)) continue;
    const dx = Math.max(a.r.left, b.r.left) - Math.min(a.r.right, b.r.right), dy = Math.max(a.r.top, b.r.top) - Math.min(a.r.bottom, b.r.bottom);
    if (dx < bar.gap - 0.6 && dy < bar.gap - 0.6) found("target-gap", b.e, round(Math.max(dx, dy)) + " px from " + short(a.e));
  }
  return out;
}
