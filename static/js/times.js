"use strict";
// Times by presets: buttons that fill the fields of a form, which count without them all the same.
(() => {
  const zoneField = (form) => form.querySelector("[name=zone]");
  const pad = (number) => String(number).padStart(2, "0");
  const inField = (date) => `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`
    + `T${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  // What the clocks of a zone show, kept in a date as if they were UTC's.
  const onClocksOf = (zone, moment) => {
    const parts = {};
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit",
    });
    for (const { type, value } of format.formatToParts(moment)) parts[type] = value;
    return new Date(Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute));
  };
  const later = (date, minutes) => new Date(date.getTime() + 60000 * minutes);
  const read = (field) => (field.value ? new Date(`${field.value}Z`) : null);
  const write = (field, date) => {
    field.value = date ? inField(date) : "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const STARTS = {
    now: () => null,
    tonight: (now) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + (now.getUTCHours() >= 22), 22)),
    tomorrow: (now) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1, 2)),
  };

  const window_ = (form) => {
    const [start, end] = ["startsAt", "endsAt"].map((name) => form.elements[name]);
    const zone = zoneField(form);
    const presets = form.querySelector("[data-presets]");
    const clocks = () => {
      try {
        return onClocksOf(zone.value, new Date());
      } catch {
        return onClocksOf("UTC", new Date());
      }
    };
    let minutes = (read(end) - read(start)) / 60000 || 60;
    const exact = form.querySelector("[data-exact]");
    const mark = (kind, chosen) => {
      for (const button of presets.querySelectorAll(`[data-${kind}]`)) {
        button.setAttribute("aria-pressed", button === chosen);
      }
    };
    const fill = () => write(end, later(read(start) || clocks(), minutes));
    presets.hidden = false;
    presets.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const kind = "start" in button.dataset ? "start" : "length";
      mark(kind, button);
      if (kind === "length" && button.dataset.length) minutes = Number(button.dataset.length);
      const begin = STARTS[button.dataset.start];
      if (begin) write(start, begin(clocks()));
      if (button.dataset.start === "other" || button.dataset.length === "") {
        exact.open = true;
        (kind === "start" ? start : end).focus();
      } else {
        fill();
      }
    });
    for (const field of [start, end]) {
      field.addEventListener("change", () => {
        if (read(start) && read(end) > read(start) && field === end) minutes = (read(end) - read(start)) / 60000;
        mark(field === start ? "start" : "length", null);
        if (field === start) fill();
      });
    }
    // A new window is on the clocks of whoever plans it.
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const isKnown = [...form.querySelectorAll("#zones option")].some((one) => one.value === own);
    if ("fresh" in form.dataset && isKnown && zone.value === "UTC" && own !== "UTC") {
      zone.value = own;
      write(start, later(clocks(), 60 - clocks().getUTCMinutes()));
      fill();
    }
  };

  for (const form of document.querySelectorAll("form[data-window]")) window_(form);

  // "In 30 min" beside a field in UTC.
  for (const box of document.querySelectorAll("[data-in]")) {
    const field = document.getElementById(box.dataset.in);
    box.hidden = false;
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) write(field, later(onClocksOf("UTC", new Date()), Number(button.dataset.minutes)));
    });
  }
})();
