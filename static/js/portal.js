"use strict";
// Polls, lets ages tick, and says honestly how old things are. Everything else is HTML.
(() => {
  const body = document.body;
  const isPanel = "panel" in body.dataset;
  const pollMs = 1000 * (body.dataset.pollSeconds || 45);
  // A browser may answer short polls from its own copy.
  const staleMs = Math.max(1000 * body.dataset.staleAfterSeconds, pollMs < 42000 ? 2 * pollMs + 1e4 : 0);
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(selector);
  const on = (name, act) => document.addEventListener(name, act);
  const all = (selector, root = document) => root.querySelectorAll(selector);

  // The server's clock less ours, so that a wrong clock here makes no wrong ages. A cache's copy
  // has an older date, so the largest counts.
  let skew;
  const now = () => Date.now() + (Math.abs(skew) > 5000 ? skew : 0);

  const put = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  const spoken = (ms) => {
    let left = Math.max(0, Math.floor(ms / 1000));
    const parts = [];
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
      const number = Math.floor(left / size);
      left %= size;
      if (number || parts.length) parts.push([number, unit]);
    }
    const said = parts.slice(0, 2).filter(([number]) => number).map((part) => part.join(" "));
    return said.join(" ") || "0 s";
  };

  // From a minute on, whole minutes: for sentences that do not tick.
  const roughly = (ms) => spoken(ms < 60000 ? ms : ms - (ms % 60000));

  const store = (area, key, value) => {
    try {
      if (value === undefined) return window[area].getItem(key);
      window[area].setItem(key, value);
    } catch { /* storage may be forbidden; then nothing is remembered */ }
    return null;
  };

  const updated = () => find("#banner [data-updated]");
  // A kept page is no sign of silence before it asked.
  let isAsked = false;

  // ages

  const tick = () => {
    for (const time of all("[data-age], [data-updated]")) {
      const age = spoken(now() - Date.parse(time.dateTime));
      const failed = time.matches(".is-failed .card-foot [data-answered]");
      put(time, failed ? `Showing figures from ${age} ago; the portal does not answer` : `${age} ago`);
    }
    for (const time of all("[data-lasting]")) put(time, spoken(now() - Date.parse(time.dateTime)));
    for (const time of all("[data-until]")) {
      const left = Date.parse(time.dateTime) - now();
      put(time, left > 0 ? roughly(left) : "a moment");
      // Told here alone: the server's bytes do not count down.
      if (time.parentElement.hidden) time.parentElement.hidden = false;
    }
    if (updated()) {
      const age = now() - Date.parse(updated().dateTime);
      put(byId("stale-note"), isAsked && age > staleMs
        ? `Showing what we knew ${roughly(age)} ago; the portal does not answer.` : "");
    }
  };

  const localTimes = (root) => {
    for (const time of all("time[data-local]", root)) {
      const moment = new Date(time.dateTime);
      if (moment > 0) {
        time.title = `Your time: ${moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
      }
    }
  };

  // banners that were dismissed

  const dismissals = (root) => {
    for (const button of all("[data-dismiss]", root)) {
      button.hidden = false;
      const gone = store("localStorage", `dismissed:${button.dataset.dismiss}`);
      if (gone) button.closest("[data-banner]").hidden = true;
    }
  };

  // what changed, said once to readers of the screen

  let lastSaid = "";
  const tell = (isFirst) => {
    const board = byId("banner");
    const parts = board
      ? [...all("h1, [data-banner]:not([hidden]) h2", board)].map((one) => one.textContent)
      : [...all("#alerts [data-alert]:not([data-acknowledged]) .alert-kind")].map((one) => one.textContent);
    const text = parts.join(". ") || "No alerts.";
    if (!isFirst && text !== lastSaid) put(byId("said"), text);
    lastSaid = text;
    if (board && parts.length) document.title = `${parts[0]} · ${body.dataset.site}`;
  };

  // snackbar: once an episode, gone on the next healthy poll

  const snackbar = byId("snackbar");
  let shown = "";
  let silentSince = 0;
  const snack = (key, text) => {
    if (!snackbar || shown === key || store("sessionStorage", `snack:${key}`)) return;
    store("sessionStorage", `snack:${key}`, "1");
    shown = key;
    snackbar.hidden = false;
    put(snackbar.firstElementChild, text);
  };
  const unsnack = () => {
    shown = "";
    if (snackbar) snackbar.hidden = true;
  };
  const staleExporter = () => {
    const alert = find('#alerts [data-alert="exporter-stale"]:not([data-acknowledged])');
    const key = alert && `exporter-stale:${alert.dataset.since}`;
    if (shown && shown !== key) unsnack();
    if (!alert) return;
    snack(key, `Metrics are stale: no scrape for ${roughly(now() - Date.parse(alert.dataset.since))}`);
  };

  // polling

  const isPoll = (element) => element?.matches("#banner, #board, [data-poll]");
  const poll = () => {
    if (!window.htmx) return;
    for (const element of all("#banner, [data-poll]")) window.htmx.trigger(element, "portal:poll");
  };
  // The rest of the page follows when the banner tells of another one.
  const follow = () => {
    const tags = [...all("#banner [data-board], #board > [data-board]")].map((one) => one.dataset.board);
    if (new Set(tags).size > 1) window.htmx.trigger(byId("board"), "portal:changed");
  };
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!document.hidden) poll();
      plan();
    }, pollMs * (0.85 + 0.3 * Math.random()));
  };
  let hiddenAt = 0;
  on("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = Date.now();
    } else if (Date.now() - hiddenAt > 5000) {
      poll();
      plan();
    }
  });

  const pollFailed = (element) => {
    element.classList.add("is-failed");
    isAsked = true;
    silentSince = silentSince || now();
    tick();
    if (isPanel) snack(`silent:${silentSince}`, "The portal does not answer; the figures are old");
  };

  const actFailed = (xhr) => {
    const box = byId("act-error");
    if (!box) return;
    let text = xhr?.status ? `The portal refused this (answer ${xhr.status}).` : "The portal does not answer. Nothing was changed as far as this page knows.";
    try {
      const problem = JSON.parse(xhr.responseText);
      const errors = Object.values(problem.errors || {}).flat();
      text = [...new Set([problem.detail || problem.title || text, ...errors])].join("\n");
    } catch { /* not a problem+json; the general sentence stays */ }
    put(box, text);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  };

  const failed = (event) => {
    const { elt, xhr } = event.detail;
    if (isPanel && xhr?.status === 401) {
      const here = location.pathname + location.search;
      location.assign(`/panel/login?ended=1&next=${encodeURIComponent(here)}`);
    } else if (isPoll(elt)) {
      pollFailed(elt);
    } else if (elt.id !== "preview") {
      actFailed(xhr);
    }
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) on(name, failed);

  // A poll that was sent before an act would bring back what was there before it.
  let acts = 0;
  on("htmx:beforeSend", (event) => {
    event.detail.xhr.actsBefore = acts;
  });
  on("htmx:beforeSwap", (event) => {
    const { elt, xhr } = event.detail;
    if (isPoll(elt) && xhr.actsBefore !== acts) event.detail.shouldSwap = false;
  });

  // A button is disabled while its act is under way, and loses the focus by that.
  let pressed;
  on("htmx:beforeRequest", (event) => {
    if (!isPoll(event.detail.elt)) pressed = document.activeElement;
  });

  on("htmx:afterRequest", (event) => {
    const { elt, xhr, successful } = event.detail;
    if (!isPoll(elt) && pressed?.isConnected && document.activeElement === body) {
      pressed.focus({ preventScroll: true });
    }
    if (!successful) return;
    // When it was answered: a 304 brings the old copy of the body, but a new date.
    const date = Date.parse(xhr.getResponseHeader("Date")) || now();
    skew = Math.max(skew ?? -1e15, date + 1000 * xhr.getResponseHeader("Age") - Date.now());
    if (isPoll(elt)) {
      isAsked = true;
      // What was left out of the answer is confirmed by it.
      const answered = new Date(date).toISOString();
      for (const time of all("#banner [data-updated], [data-answered]")) time.dateTime = answered;
      elt.classList.remove("is-failed");
      if (elt.id === "banner") follow();
      if (silentSince && !find(".is-failed")) {
        silentSince = 0;
        if (shown.startsWith("silent:")) unsnack();
      }
    } else {
      if (byId("act-error")) byId("act-error").hidden = true;
      acts += 1;
    }
    // A key names one press; the next press of the same button is another one.
    const key = elt.querySelector?.("[data-fresh-key]");
    if (key) key.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
    tick();
  });

  const settle = (root, isFirst) => {
    localTimes(root);
    dismissals(root);
    if (isFirst || root.id === "banner" || root.id === "alerts") tell(isFirst);
    if (isFirst || root.id === "alerts") staleExporter();
  };
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
    on(name, (event) => settle(event.detail.target, false));
  }

  on("click", (event) => {
    const button = event.target.closest("[data-dismiss], #snackbar button");
    if (!button) return;
    if (button.dataset.dismiss) {
      store("localStorage", `dismissed:${button.dataset.dismiss}`, "1");
      button.closest("[data-banner]").hidden = true;
    } else {
      snackbar.hidden = true;
    }
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) put(byId("zone-note"), ` Point at a time to see it in yours (${zone}).`);
  settle(document, true);
  // The page says when something changed last; how old it is follows from when it came.
  const visit = performance.getEntriesByType("navigation")[0];
  if (updated() && visit?.transferSize) {
    updated().dateTime = new Date(performance.timeOrigin + visit.responseStart).toISOString();
  }
  tick();
  setInterval(tick, 1000);
  if (find("#banner, [data-poll]")) plan();
  window.addEventListener("load", () => {
    if (updated() && now() - Date.parse(updated().dateTime) > pollMs) poll();
  });
})();
