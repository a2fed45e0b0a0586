// What all pages that poll have in common: the server's clock, spans of time, and when to ask again.
window.polls = (() => {
  "use strict";
  const pollMs = 1000 * (document.body.dataset.pollSeconds || 45);

  // The server's clock less ours, so that a wrong clock here makes no wrong ages. A cache's copy
  // has an older date, so the largest counts.
  let skew;
  const now = () => Date.now() + (Math.abs(skew) > 5000 ? skew : 0);
  // When an answer was given: a 304 brings the old copy of the body, but a new date.
  const hear = (xhr) => {
    const date = Date.parse(xhr.getResponseHeader("Date")) || now();
    skew = Math.max(skew ?? -1e15, date + 1000 * xhr.getResponseHeader("Age") - Date.now());
    return date;
  };

  const put = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  // A span in its two largest units, without those that are nothing.
  const split = (ms) => {
    let left = Math.max(0, Math.floor(ms / 1000));
    const parts = [];
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]) {
      const number = Math.floor(left / size);
      left %= size;
      if (number || parts.length) parts.push([number, unit]);
    }
    const said = parts.slice(0, 2).filter(([number]) => number);
    return said.length ? said : [[0, "s"]];
  };
  // From a minute on, whole minutes: for what is read and not watched.
  const whole = (ms) => ms < 60000 ? ms : ms - (ms % 60000);

  // Asks while the page is looked at, and at once when it is looked at again.
  const begin = (poll) => {
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
    plan();
  };
  return { pollMs, now, hear, put, split, whole, begin };
})();
