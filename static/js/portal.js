"use strict";
// The panel's polls: ages that tick, and honest words on how old things are. Everything else is HTML.
(() => {
  const body = document.body;
  const { now, hear, put, split, whole, begin } = window.polls;
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(selector);
  const on = (name, act) => document.addEventListener(name, act);
  const all = (selector, root = document) => root.querySelectorAll(selector);

  const spoken = (ms) => split(ms).map((part) => part.join(" ")).join(" ");
  const roughly = (ms) => spoken(whole(ms));

  const store = (key, value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(key);
      sessionStorage.setItem(key, value);
    } catch { /* storage may be forbidden; then nothing is remembered */ }
    return null;
  };

  // ages

  const tick = () => {
    for (const time of all("[data-age]")) {
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
  };

  const localTimes = (root) => {
    for (const time of all("time[data-local]", root)) {
      const moment = new Date(time.dateTime);
      if (moment > 0) {
        time.title = `Your time: ${moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
      }
    }
  };

  // what changed, said once to readers of the screen

  let lastSaid = "";
  const tell = (isFirst) => {
    const parts = [...all("#alerts [data-alert]:not([data-acknowledged]) .alert-kind")]
      .map((one) => one.textContent);
    const text = parts.join(". ") || "No alerts.";
    if (!isFirst && text !== lastSaid) put(byId("said"), text);
    lastSaid = text;
  };

  // snackbar: once an episode, gone on the next healthy poll

  const snackbar = byId("snackbar");
  let shown = "";
  let silentSince = 0;
  const snack = (key, text) => {
    if (!snackbar || shown === key || store(`snack:${key}`)) return;
    store(`snack:${key}`, "1");
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

  const isPoll = (element) => element?.matches("[data-poll]");
  const poll = () => {
    if (!window.htmx) return;
    for (const element of all("[data-poll]")) window.htmx.trigger(element, "portal:poll");
  };
  const pollFailed = (element) => {
    element.classList.add("is-failed");
    silentSince = silentSince || now();
    tick();
    snack(`silent:${silentSince}`, "The portal does not answer; the figures are old");
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
    if (xhr?.status === 401) {
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
    const answered = new Date(hear(xhr)).toISOString();
    if (isPoll(elt)) {
      // What was left out of the answer is confirmed by it.
      for (const time of all("[data-answered]")) time.dateTime = answered;
      elt.classList.remove("is-failed");
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
    if (isFirst || root.id === "alerts") {
      tell(isFirst);
      staleExporter();
    }
  };
  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) {
    on(name, (event) => settle(event.detail.target, false));
  }

  on("click", (event) => {
    if (event.target.closest("#snackbar button")) snackbar.hidden = true;
  });

  settle(document, true);
  tick();
  setInterval(tick, 1000);
  if (find("[data-poll]")) begin(poll);
})();
