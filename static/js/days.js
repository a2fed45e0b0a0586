// The card of a day: under its component's bars, opened by touch, mouse or key.
(() => {
  "use strict";
  const { find, all, on, put, prepare, lang } = window.portal;
  const template = find("#day-card");
  if (!template) return;
  const DAY = 86400000;
  const named = (options) => new Intl.DateTimeFormat(lang, { ...options, timeZone: "UTC" });
  const long = named({ weekday: "short", day: "numeric", month: "long" });
  const short = named({ day: "numeric", month: "short" });
  const iso = (moment) => new Date(moment).toISOString().slice(0, 10);
  // Which day of which component is open, and what is known of the days of components.
  let open = null;
  const known = new Map();
  const asked = new Map();

  const count = (bars) => Number(getComputedStyle(bars).getPropertyValue("--days")) || 90;
  const last = (bars) => Date.parse(bars.dataset.last);
  const within = (bars, moment) => Math.min(last(bars), Math.max(last(bars) - (count(bars) - 1) * DAY, moment));

  const mark = (bars) => {
    const number = 89 - Math.round((last(bars) - open.day) / DAY);
    let line = find(".day-mark", bars);
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of [["class", "day-mark"], ["width", 4], ["height", 15.6], ["y", -0.3], ["rx", 1]]) {
        line.setAttribute(name, value);
      }
      find("svg", bars).append(line);
    }
    line.setAttribute("x", number * 4);
  };

  const fill = (card, bars) => {
    const content = find(".day-body", card);
    const day = iso(open.day);
    put(find("b", card), long.format(open.day));
    for (const [name, step] of [["back", -1], ["on", 1]]) {
      const button = find(`[data-act=${name}]`, card);
      const other = open.day + step * DAY;
      put(find("span", button), short.format(other));
      button.disabled = within(bars, other) !== other;
    }
    const told = known.get(open.slug)?.get(day);
    content.replaceChildren(...(told ? [...told.children].slice(1).map((one) => one.cloneNode(true)) : []));
    if (!told) {
      const word = !known.has(open.slug) ? "" : known.get(open.slug) === null ? "lost" : day < bars.dataset.since ? "none" : "quiet";
      if (word) content.textContent = content.dataset[word];
    }
    for (const act of prepare) if (act !== upgrade) act(content);
    mark(bars);
  };

  // Bars become a button; the card that is open is in what a poll brings too.
  const upgrade = (root) => {
    for (const bars of all("[data-days]", root)) {
      const isOpen = open?.slug === bars.dataset.days;
      bars.tabIndex = 0;
      bars.setAttribute("role", "button");
      bars.setAttribute("aria-expanded", isOpen);
      bars.setAttribute("aria-label", find("svg", bars).getAttribute("aria-label"));
      if (!isOpen || bars.nextElementSibling?.matches(".day-card")) continue;
      const card = template.content.firstElementChild.cloneNode(true);
      card.id = "day-of";
      card.setAttribute("aria-label", bars.dataset.name);
      bars.after(card);
      fill(card, bars);
    }
  };

  const close = () => {
    const bars = find(`[data-days="${open.slug}"]`);
    open = null;
    find("#day-of")?.remove();
    find(".day-mark")?.remove();
    bars?.setAttribute("aria-expanded", false);
    return bars;
  };

  const ask = async (slug, path) => {
    try {
      const answer = await fetch(path);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok) throw answer;
      known.set(slug, new Map([...all(".days-list > li", page)].map((one) => [one.dataset.day, one])));
    } catch {
      known.set(slug, null);
    }
    asked.delete(slug);
  };

  const learn = (slug, path) => {
    if (known.get(slug)) return;
    if (!asked.has(slug)) asked.set(slug, ask(slug, path));
    return asked.get(slug);
  };

  const show = async (bars, moment) => {
    const slug = bars.dataset.days;
    if (open && open.slug !== slug) close();
    open = { slug, day: within(bars, moment) };
    upgrade(document);
    fill(find("#day-of"), bars);
    await learn(slug, find("a[href]", bars.closest(".part"))?.href || location.href);
    if (open?.slug === slug && find("#day-of")) fill(find("#day-of"), bars);
  };

  const opened = () => open && find(`[data-days="${open.slug}"]`);
  const step = (by) => show(opened(), open.day + by * DAY);

  on("click", (event) => {
    const act = event.target.closest("#day-of [data-act]")?.dataset.act;
    if (act === "close") close()?.focus();
    else if (act) step(act === "back" ? -1 : 1);
    const bars = event.target.closest("[data-days]");
    if (!bars || !event.detail) return;
    const { left, width } = bars.getBoundingClientRect();
    const number = Math.floor(((event.clientX - left) / width) * count(bars));
    const day = last(bars) - (count(bars) - 1 - number) * DAY;
    if (open?.slug === bars.dataset.days && open.day === day) close();
    else show(bars, day);
  });
  on("keydown", (event) => {
    const bars = event.target.closest?.("[data-days]");
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === "Escape" && open) close()?.focus();
    else if (bars && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      if (open?.slug === bars.dataset.days) close();
      else show(bars, last(bars));
    } else if (opened() && (bars === opened() || event.target.closest?.("#day-of")) && steps[event.key]) {
      event.preventDefault();
      step(steps[event.key]);
    }
  });
  prepare.push(upgrade);
})();
