"use strict";
// Polls, lets ages tick, and says honestly how old things are. Everything else is HTML.
(() => {
  const body = document.body;
  const isPanel = "panel" in body.dataset;
  const pollMs = 1000 * (Number(body.dataset.pollSeconds) || 45);
  const staleMs = 1000 * (Number(body.dataset.staleAfterSeconds) || 68);
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => root.querySelectorAll(selector);

  // The server's clock less ours, so that a wrong clock here makes no wrong ages.
  let skew = 0;
  const now = () => Date.now() + skew;

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
      if (value === undefined) return area().getItem(key);
      area().setItem(key, value);
    } catch { /* storage may be forbidden; then nothing is remembered */ }
    return null;
  };
  const local = () => window.localStorage;
  const session = () => window.sessionStorage;

  // --- ages -------------------------------------------------------------------------------

  const tick = () => {
    for (const time of all("[data-age], [data-updated]")) {
      const age = spoken(now() - Date.parse(time.dateTime));
      const failed = time.closest(".is-failed");
      put(time, failed ? `Showing figures from ${age} ago; the portal does not answer` : `${age} ago`);
    }
    for (const time of all("[data-until]")) {
      const left = Date.parse(time.dateTime) - now();
      put(time, left > 0 ? roughly(left) : "a moment");
    }
    const updated = document.querySelector("#board [data-updated]");
    if (updated) {
      const age = now() - Date.parse(updated.dateTime);
      put(byId("stale-note"), age > staleMs
        ? `Showing what we knew ${roughly(age)} ago; the portal does not answer.` : "");
    }
  };

  const localTimes = (root) => {
    for (const time of all("time[data-local]", root)) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.valueOf())) {
        time.title = `Your time: ${moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
      }
    }
  };

  // --- banners that were dismissed --------------------------------------------------------

  const dismissals = (root) => {
    for (const button of all("[data-dismiss]", root)) {
      button.hidden = false;
      const gone = store(local, `dismissed:${button.dataset.dismiss}`);
      if (gone) button.closest("[data-banner]").hidden = true;
    }
  };

  // --- what changed, said once to readers of the screen -------------------------------------

  let lastSaid = "";
  const tell = (isFirst) => {
    const board = byId("board");
    const parts = board
      ? [...all("h1, [data-banner]:not([hidden]) h3", board)].map((one) => one.textContent)
      : [...all("#alerts [data-alert] .pill")].map((one) => one.textContent);
    const text = parts.join(". ") || "No alerts.";
    if (!isFirst && text !== lastSaid) put(byId("said"), text);
    lastSaid = text;
    if (board && parts.length) document.title = `${parts[0]} · ${body.dataset.site}`;
  };

  // --- snackbar: once an episode, gone on the next healthy poll ------------------------------

  const snackbar = byId("snackbar");
  let shown = "";
  let silentSince = 0;
  const snack = (key, text) => {
    if (!snackbar || shown === key || store(session, `snack:${key}`)) return;
    store(session, `snack:${key}`, "1");
    shown = key;
    snackbar.hidden = false;
    put(snackbar.firstElementChild, text);
  };
  const unsnack = () => {
    shown = "";
    if (snackbar) snackbar.hidden = true;
  };
  const staleExporter = () => {
    const alert = document.querySelector('#alerts [data-alert="exporter-stale"]');
    const key = alert && `exporter-stale:${alert.dataset.since}`;
    if (shown && shown !== key) unsnack();
    if (!alert) return;
    snack(key, `Metrics are stale: no scrape for ${roughly(now() - Date.parse(alert.dataset.since))}`);
  };

  // --- polling ----------------------------------------------------------------------------

  const isPoll = (element) => element && (element.id === "board" || "poll" in element.dataset);
  const poll = () => {
    if (!window.htmx) return;
    for (const element of all("#board, [data-poll]")) window.htmx.trigger(element, "portal:poll");
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
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = Date.now();
    } else if (Date.now() - hiddenAt > 5000) {
      poll();
      plan();
    }
  });

  const pollFailed = (element) => {
    if (!element.classList.contains("is-failed")) element.classList.add("is-failed");
    silentSince = silentSince || now();
    tick();
    if (isPanel) snack(`silent:${silentSince}`, "The portal does not answer; the figures are old");
  };

  const actFailed = (xhr) => {
    const box = byId("act-error");
    if (!box) return;
    let text = xhr && xhr.status ? `The portal refused this (answer ${xhr.status}).` : "The portal does not answer. Nothing was changed as far as this page knows.";
    try {
      const problem = JSON.parse(xhr.responseText);
      const errors = Object.values(problem.errors || {}).flat();
      text = [problem.detail || problem.title || text, ...errors].filter((one, at, list) => list.indexOf(one) === at).join("\n");
    } catch { /* not a problem+json; the general sentence stays */ }
    put(box, text);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  };

  const failed = (event) => {
    const { elt, xhr } = event.detail;
    if (isPanel && xhr && xhr.status === 401) {
      const here = location.pathname + location.search;
      location.assign(`/panel/login?next=${encodeURIComponent(here)}`);
    } else if (isPoll(elt)) {
      pollFailed(elt);
    } else if (elt.id !== "preview") {
      actFailed(xhr);
    }
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, failed);
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr, successful } = event.detail;
    if (!successful) return;
    const date = Date.parse(xhr.getResponseHeader("Date") || "");
    if (date && Math.abs(date - Date.now()) > 5000) skew = date - Date.now();
    if (isPoll(elt)) {
      elt.classList.remove("is-failed");
      if (silentSince && !document.querySelector(".is-failed")) {
        silentSince = 0;
        if (shown.startsWith("silent:")) unsnack();
      }
    } else if (byId("act-error")) {
      byId("act-error").hidden = true;
    }
    // A key names one press; the next press of the same button is another one.
    const key = elt.querySelector && elt.querySelector("[data-fresh-key]");
    if (key) key.value = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
    tick();
  });

  const settle = (root, isFirst) => {
    localTimes(root);
    dismissals(root);
    tick();
    if (isFirst || root.id === "board" || root.id === "alerts") tell(isFirst);
    if (isFirst || root.id === "alerts") staleExporter();
  };
  document.addEventListener("htmx:afterSwap", (event) => settle(event.detail.target, false));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss], #snackbar button");
    if (!button) return;
    if (button.dataset.dismiss) {
      store(local, `dismissed:${button.dataset.dismiss}`, "1");
      button.closest("[data-banner]").hidden = true;
    } else {
      snackbar.hidden = true;
    }
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) put(byId("zone-note"), ` Point at a time to see it in yours (${zone}).`);
  settle(document, true);
  setInterval(tick, 1000);
  if (document.querySelector("#board, [data-poll]")) plan();
})();
