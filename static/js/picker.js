"use strict";
// Components by a search: what is chosen stands there with its state, the others are found by name.
(() => {
  const NOTHING = "operational";
  const MOST = 8;
  let number = 0;

  const made = (tag, attributes, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };

  const enhance = (picker) => {
    const id = `picker-${++number}`;
    const rows = [...picker.querySelectorAll(".picker-row")].map((row) => ({
      row,
      name: row.dataset.name,
      group: row.dataset.group,
      select: row.querySelector("select"),
    }));
    const count = made("span", { class: "muted small picker-count" });
    const input = made("input", {
      type: "text", id, role: "combobox", "aria-expanded": "false", "aria-controls": `${id}-list`,
      "aria-autocomplete": "list", autocomplete: "off", placeholder: "Search components",
      "aria-label": "Add a component",
    });
    const list = made("ul", { id: `${id}-list`, role: "listbox", class: "picker-list", "aria-label": "Components" });
    list.hidden = true;
    const said = made("span", { class: "unseen", role: "status" });
    const box = made("div", { class: "picker-box" });
    box.append(input, list, said);
    picker.querySelector(".picker-rows").after(box);
    picker.querySelector("legend").append(" ", count);
    picker.classList.add("is-live");

    // In the order in which they were chosen: the last one is the first to be taken back.
    let chosen = [];
    let found = [];
    let at = -1;
    const isChosen = (one) => one.select.value !== NOTHING;
    const changed = (one) => one.select.dispatchEvent(new Event("input", { bubbles: true }));

    const show = () => {
      chosen = [...chosen.filter(isChosen), ...rows.filter((one) => isChosen(one) && !chosen.includes(one))];
      for (const one of rows) {
        one.row.hidden = !isChosen(one);
        // What is not chosen need not be sent.
        one.select.disabled = !isChosen(one);
      }
      count.textContent = `${chosen.length} of ${rows.length}`;
    };
    const close = () => {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = () => {
      [...list.children].forEach((item, index) => item.setAttribute("aria-selected", index === at));
      if (at >= 0) {
        input.setAttribute("aria-activedescendant", list.children[at].id);
        list.children[at].scrollIntoView({ block: "nearest" });
      }
    };
    const open = () => {
      const typed = input.value.trim().toLowerCase();
      const fits = rows.filter((one) => !isChosen(one)
        && `${one.name} ${one.group}`.toLowerCase().includes(typed));
      fits.sort((one, other) => other.name.toLowerCase().startsWith(typed) - one.name.toLowerCase().startsWith(typed));
      found = fits.slice(0, MOST);
      list.replaceChildren(...found.map((one, index) => {
        const item = made("li", { role: "option", id: `${id}-${index}`, "aria-selected": "false" });
        item.append(made("span", {}, one.name), made("span", { class: "muted small" }, one.group));
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          choose(one);
        });
        return item;
      }));
      if (fits.length > MOST) list.append(made("li", { class: "muted small" }, `${fits.length - MOST} more; go on typing`));
      if (!fits.length) list.append(made("li", { class: "muted small" }, typed ? "No component of that name" : "All are chosen"));
      list.hidden = false;
      at = typed && found.length ? 0 : -1;
      input.setAttribute("aria-expanded", "true");
      mark();
    };
    const choose = (one) => {
      one.select.disabled = false;
      one.select.value = picker.dataset.picker;
      input.value = "";
      show();
      close();
      said.textContent = `${one.name} added`;
      changed(one);
      input.focus();
    };
    const remove = (one) => {
      one.select.value = NOTHING;
      changed(one);
      show();
      said.textContent = `${one.name} removed`;
      input.focus();
    };

    for (const one of rows) {
      const button = made("button", { type: "button", class: "picker-remove", "aria-label": `Remove ${one.name}` }, "×");
      button.addEventListener("click", () => remove(one));
      one.row.append(button);
      one.select.addEventListener("change", show);
    }
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      open();
    });
    input.addEventListener("focus", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (event.key === "Enter") {
        // Enter in the search never sends the form.
        event.preventDefault();
        if (at >= 0) choose(found[at]);
      } else if (["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        if (list.hidden) open();
        if (!found.length) return;
        at = (at + (event.key === "ArrowDown" ? 1 : found.length + (at < 0 ? 0 : -1))) % found.length;
        mark();
      } else if (event.key === "Backspace" && !input.value) {
        if (chosen.length) remove(chosen[chosen.length - 1]);
      }
    });
    show();
  };

  for (const picker of document.querySelectorAll("[data-picker]")) enhance(picker);
})();
