// The public pages: polls, ages that tick, times in the reader's zone, and what the reader has
// chosen or dismissed. Everything is complete without it.
window.portal = (() => {
  "use strict";
  const body = document.body;
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => root.querySelectorAll(selector);
  const on = (name, act) => document.addEventListener(name, act);
  const { pollMs, now, hear, put, split, whole, begin } = window.polls;
  // A browser may answer short polls from its own copy.
  const staleMs = Math.max(1000 * body.dataset.staleAfterSeconds, pollMs < 42000 ? 2 * pollMs + 1e4 : 0);
  const lang = document.documentElement.lang.replace(/^en$/, "en-GB");
  const [agoWords, momentWord, staleWords] = find("[data-words]")?.dataset.words.split("|") ??
    ["{} ago", "a moment", "Showing what we knew {} ago; the portal does not answer."];

  const store = (key, value) => {
    try {
      if (value === undefined) return localStorage.getItem(key);
      localStorage.setItem(key, value);
    } catch { /* storage may be forbidden; then nothing is remembered */ }
    return null;
  };

  const units = { d: "day", h: "hour", min: "minute", s: "second" };
  const unit = (number, name) => lang === "en-GB" ? `${number} ${name}` : new Intl.NumberFormat(lang, {
    style: "unit", unit: units[name], unitDisplay: "short",
  }).format(number);
  const spoken = (ms) => split(ms).map((part) => unit(...part)).join(" ");
  const roughly = (ms) => spoken(whole(ms));

  // ages

  const updated = () => find("#banner [data-updated]");
  // A kept page is no sign of silence before it asked.
  let isAsked = false;
  const tick = (root = document) => {
    for (const time of all("[data-updated]", root)) {
      put(time, agoWords.replace("{}", spoken(now() - Date.parse(time.dateTime))));
    }
    for (const time of all("[data-until]", root)) {
      const left = Date.parse(time.dateTime) - now();
      put(time, left > 0 ? roughly(left) : momentWord);
      // Told here alone: the server's bytes do not count down.
      time.parentElement.hidden = false;
    }
    for (const line of all("progress[data-to]", root)) {
      const from = Date.parse(line.dataset.from);
      line.value = Math.min(1, Math.max(0, (now() - from) / (Date.parse(line.dataset.to) - from)));
      line.hidden = false;
    }
    if (root === document && updated()) {
      const age = now() - Date.parse(updated().dateTime);
      put(find("#stale-note"), isAsked && age > staleMs ? staleWords.replace("{}", roughly(age)) : "");
    }
  };

  // times, in the reader's zone unless the reader asks for UTC

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const words = new Intl.DateTimeFormat(lang, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  let isOwn = Boolean(zone) && store("clock") !== "utc";
  const times = (root) => {
    for (const time of all("time[data-local], [data-zone], [data-own]", root)) {
      time.told ??= time.textContent;
      const { zone: ours, own, to } = time.dataset;
      const from = time.dateTime && new Date(time.dateTime);
      let text = time.told;
      if (isOwn && ours) text = ours;
      else if (isOwn && own) text = own.replace("{zone}", zone.replaceAll("_", " "));
      else if (isOwn && from > 0) text = to ? words.formatRange(from, new Date(to)) : words.format(from);
      put(time, text);
    }
  };

  // what was dismissed, and folds that have nothing to unfold

  const dismissals = (root) => {
    for (const button of all("[data-dismiss]", root)) {
      button.hidden = false;
      if (store(`dismissed:${button.dataset.dismiss}`)) button.closest("[data-banner]").hidden = true;
    }
  };

  // what changed, said once to readers of the screen

  let lastSaid = "";
  const tell = (isFirst) => {
    const parts = [...all("#banner h1, #banner [data-banner]:not([hidden]) h2")].map((one) => one.textContent);
    const text = parts.join(". ");
    if (!isFirst && text !== lastSaid) put(find("#said"), text);
    lastSaid = text;
    if (parts.length) document.title = `${parts[0]} · ${body.dataset.site}`;
  };

  // polls: what is as it was is not touched, and what is new comes as the reader will see it

  const prepare = [times, dismissals, tick];
  const ready = (root) => {
    for (const act of prepare) act(root);
  };
  const isPoll = (element) => element?.matches("#banner, #board");
  const poll = () => window.htmx && find("#banner") && window.htmx.trigger("#banner", "portal:poll");
  // The rest of the page follows when the banner tells of another one.
  const follow = () => {
    const tags = [...all("#banner [data-board], #board > [data-board]")].map((one) => one.dataset.board);
    if (new Set(tags).size > 1) window.htmx.trigger("#board", "portal:changed");
  };
  const shown = {};
  on("htmx:beforeSwap", ({ detail }) => {
    const { target, xhr } = detail;
    if (!isPoll(target) || xhr.status !== 200) return;
    if (shown[target.id] === xhr.responseText) detail.shouldSwap = false;
    shown[target.id] = xhr.responseText;
  });
  on("morph:fresh", (event) => ready(event.detail));
  on("htmx:afterSwap", ({ detail }) => detail.target.id === "banner" && tell(false));
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    on(name, () => {
      isAsked = true;
      tick();
    });
  }
  on("htmx:afterRequest", ({ detail: { elt, xhr, successful } }) => {
    if (!successful) return;
    isAsked = true;
    updated().dateTime = new Date(hear(xhr)).toISOString();
    if (elt.id === "banner") follow();
    tick();
  });

  // what the reader chooses

  on("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (!button) return;
    store(`dismissed:${button.dataset.dismiss}`, "1");
    button.closest("[data-banner]").hidden = true;
  });
  on("change", ({ target }) => {
    if (target.name !== "theme" && target.name !== "clock") return;
    store(target.name, target.value);
    if (target.name === "theme") document.documentElement.dataset.theme = target.value;
    isOwn = Boolean(zone) && store("clock") !== "utc";
    times(document);
  });
  for (const choice of all(".settings input")) choice.checked = choice.value === (store(choice.name) || "auto");
  for (const field of all(".settings fieldset")) field.hidden = false;

  // The page says when something changed last; how old it is follows from when it came.
  const visit = performance.getEntriesByType("navigation")[0];
  if (updated() && visit?.transferSize) {
    updated().dateTime = new Date(performance.timeOrigin + visit.responseStart).toISOString();
  }
  on("DOMContentLoaded", () => {
    ready(document);
    tell(true);
  });
  setInterval(tick, 1000);
  if (find("#banner")) begin(poll);
  window.addEventListener("load", () => {
    if (updated() && now() - Date.parse(updated().dateTime) > pollMs) poll();
  });
  return { find, all, on, put, prepare, lang };
})();
