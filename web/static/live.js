// Follows a market day: follow("/d/…/live", {onLine, onDay, onState}) calls
// onLine and onDay with frames (see "Live pages" in web/doc.go) and onState with
// "live", "poll" or "offline". It returns a function that ends it.
export function follow(url, on) {
  let source, timer, watch, id = 0, fails = 0, state, seen = {};
  const call = (name, value) => on[name] && on[name](value);
  const say = s => s === state || call("onState", state = s);
  const take = name => f => {
    const key = f.line || "";
    if (seen[key] > f.at) return; // older than what is shown
    seen[key] = f.at;
    call(name, f);
  };
  const line = take("onLine"), day = take("onDay");

  const close = () => {
    clearTimeout(timer);
    clearTimeout(watch);
    if (source) source.close();
    source = null;
  };
  const heard = () => { // the server says something every 15 seconds
    clearTimeout(watch);
    watch = setTimeout(again, 40000);
  };
  const again = () => {
    close();
    fails++;
    if (fails > 2) poll();
    timer = setTimeout(open, Math.min(10, 2 ** fails) * (500 + 500 * Math.random()));
  };
  const open = () => {
    close();
    if (!window.EventSource) return again();
    source = new EventSource(url + (id ? "?since=" + id : ""));
    source.onerror = again;
    source.addEventListener("all", e => { seen = {}; call("onAll", JSON.parse(e.data).lines); });
    source.addEventListener("line", e => line(JSON.parse(e.data)));
    source.addEventListener("day", e => day(JSON.parse(e.data)));
    source.addEventListener("at", e => { id = e.data; fails = 0; say("live"); heard(); });
    heard();
  };
  const poll = () => fetch(url + ".json", { cache: "no-cache" })
    .then(r => r.ok ? r.json() : Promise.reject())
    .then(all => {
      if (source && !fails) return; // live again meanwhile
      say("poll");
      if (all.day) day(all.day);
      all.lines.forEach(line);
    })
    .catch(() => say("offline"));

  const wake = () => document.hidden || open(); // a page that was put to sleep
  const sleep = () => close();
  const events = [[document, "visibilitychange", wake], [window, "online", wake], [window, "pagehide", sleep],
    [window, "pageshow", e => e.persisted && wake()]]; // not the first one: it is open already
  events.forEach(e => e[0].addEventListener(e[1], e[2]));
  open();
  return () => { close(); events.forEach(e => e[0].removeEventListener(e[1], e[2])); };
}

// ahead says how many wait before a number in a line's frame, -1 if it does not wait.
export function ahead(line, number) {
  let n = 0;
  for (const [first, last] of line.order) {
    if (number >= first && number <= last) return n + number - first;
    n += last - first + 1;
  }
  return -1;
}
