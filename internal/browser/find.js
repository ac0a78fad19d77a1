(what) => {
  const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
  let e = null;
  try { const all = [...document.querySelectorAll(what)]; e = all.find(seen) ?? all[0] } catch {}
  if (!e) {
    const all = [...document.querySelectorAll("button, a, summary, label, input[type=submit], [role=button]")].filter(seen);
    const text = x => (x.innerText || x.value || x.getAttribute("aria-label") || "").trim();
    e = all.find(x => text(x) === what) ?? all.find(x => text(x).includes(what));
  }
  if (!e) return {why: "there is none"};
  if (!seen(e)) return {why: "it is not visible"};
  if (e.disabled) return {why: "it is disabled"};
  e.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
  const r = [...e.getClientRects()].find(r => r.width > 0 && r.height > 0);
  if (!r) return {why: "it has no size"};
  const x = r.left + r.width / 2, y = r.top + r.height / 2;
  const top = document.elementFromPoint(x, y);
  if (!top || !(e.contains(top) || top.contains(e) || [...(e.labels ?? [])].some(l => l.contains(top)))) {
    return {why: "it is covered by " + (top ? top.tagName + "." + top.className : "nothing")};
  }
  return {x, y, why: ""};
}
