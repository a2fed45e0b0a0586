"use strict";
// What the panel's pages do beyond polling: toasts that go, acts that ask first, kept drafts.
(() => {
  const on = (name, act) => document.addEventListener(name, act);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);

  const remember = (key, value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(key);
      if (value === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, value);
    } catch { /* storage may be forbidden; then nothing is remembered */ }
    return null;
  };

  // A toast stays for ten seconds, and for as long as the pointer or the focus is on it.

  const TOAST_MS = 10000;
  const expire = (toast) => {
    if (toast.dataset.timed) return;
    toast.dataset.timed = "1";
    let left = TOAST_MS;
    const timer = setInterval(() => {
      if (!toast.isConnected) clearInterval(timer);
      if (toast.matches(":hover, :focus-within")) return;
      left -= 250;
      if (left > 0) return;
      clearInterval(timer);
      toast.remove();
    }, 250);
  };
  const toasts = () => {
    // What htmx brought in one answer replaces what was said before.
    for (const toast of all("[data-toast]")) expire(toast);
  };

  // Acts that cannot be taken back ask first. The dialog is one for all.

  let asking = null;
  const dialog = () => {
    const known = byId("ask");
    if (known) return known;
    const made = document.createElement("dialog");
    made.id = "ask";
    made.setAttribute("aria-labelledby", "ask-text");
    const text = document.createElement("p");
    text.id = "ask-text";
    const acts = document.createElement("div");
    acts.className = "form-acts";
    for (const [value, look] of [["yes", "button danger"], ["no", "button"]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.value = value;
      button.className = look;
      button.addEventListener("click", () => made.close(value));
      acts.append(button);
    }
    made.append(text, acts);
    made.addEventListener("close", () => {
      const { form, submitter } = asking;
      asking = null;
      if (made.returnValue === "yes") {
        form.dataset.isSure = "1";
        form.requestSubmit(submitter);
      } else {
        submitter?.focus();
      }
    });
    document.body.append(made);
    return made;
  };
  const ask = (form, submitter) => {
    const made = dialog();
    asking = { form, submitter };
    made.returnValue = "no";
    made.querySelector("p").textContent = form.dataset.ask;
    const [yes, no] = made.querySelectorAll("button");
    yes.textContent = form.dataset.askAct;
    no.textContent = "Keep it";
    made.showModal();
    no.focus();
  };
  // Before htmx and before the form itself: in the capture phase.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const isAsked = form.dataset.ask && (!form.dataset.askIf || form.querySelector(form.dataset.askIf));
    if (!isAsked) return;
    if (form.dataset.isSure) {
      delete form.dataset.isSure;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(form, event.submitter);
  }, true);

  // What is typed into a form outlives an ended session and a closed page, until it is saved.

  const here = `draft:${document.body.dataset.operator}:${location.pathname}`;
  const SENT = "draft:sent";
  const kept = (form) => [...form.elements].filter((one) =>
    one.name && !["hidden", "password", "submit", "button"].includes(one.type));
  const read = (form) => kept(form).map((one) =>
    [one.name, ["checkbox", "radio"].includes(one.type) ? one.checked : one.value, one.value]);
  const write = (form, values) => {
    const left = [...values];
    for (const one of kept(form)) {
      const isBox = ["checkbox", "radio"].includes(one.type);
      const at = left.findIndex(([name, , value]) => name === one.name && (!isBox || value === one.value));
      if (at < 0) continue;
      const [, typed] = left.splice(at, 1)[0];
      if (isBox) one.checked = typed;
      else one.value = typed;
      // What comes back is seen.
      const isOther = isBox ? typed !== one.defaultChecked : typed && typed !== one.defaultValue;
      let fold = isOther && one.closest("details");
      while (fold) {
        fold.open = true;
        fold = fold.parentElement.closest("details");
      }
      one.dispatchEvent(new Event("input", { bubbles: true }));
      one.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  const drafted = all("form[data-draft]")[0];
  const offer = (values) => {
    const bar = document.createElement("div");
    bar.className = "notice tone-info draft";
    bar.setAttribute("role", "status");
    const text = document.createElement("p");
    text.textContent = "You typed something here that was not saved.";
    const acts = document.createElement("div");
    acts.className = "acts";
    for (const [word, act] of [
      ["Bring it back", () => write(drafted, values)],
      ["Discard", () => remember(here, null)],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small-button";
      button.textContent = word;
      button.addEventListener("click", () => {
        act();
        bar.remove();
      });
      acts.append(button);
    }
    bar.append(text, acts);
    drafted.before(bar);
  };
  const drafts = () => {
    // Saved, unless the page is a form that was refused, or asks to sign in.
    const sent = remember(SENT);
    if (sent && !all("[data-refused], [data-sign-in]").length) remember(sent, null);
    remember(SENT, null);
    if (!drafted) return;
    const found = remember(here);
    const isRefused = all("[data-refused]").length > 0;
    if (found && !isRefused && found !== JSON.stringify(read(drafted))) offer(JSON.parse(found));
    let timer = 0;
    const save = () => {
      clearTimeout(timer);
      timer = 0;
      remember(here, JSON.stringify(read(drafted)));
    };
    drafted.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(save, 300);
    });
    window.addEventListener("pagehide", () => timer && save());
    drafted.addEventListener("submit", () => {
      save();
      remember(SENT, here);
    });
  };

  // Who resolves is asked for the cause, and stands there at once.

  on("change", (event) => {
    if (event.target.name !== "status" || event.target.value !== "resolved") return;
    const cause = byId("rootCauseCategory");
    if (cause && !cause.value) cause.focus();
  });

  // On a phone the sections stand behind one button.

  const menu = byId("menu-button");
  if (menu) {
    const nav = byId("sections");
    const show = (isOpen) => {
      menu.setAttribute("aria-expanded", isOpen);
      nav.classList.toggle("is-open", isOpen);
    };
    document.body.classList.add("has-menu");
    menu.hidden = false;
    menu.addEventListener("click", () => show(menu.getAttribute("aria-expanded") !== "true"));
    nav.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      show(false);
      menu.focus();
    });
    show(false);
  }

  for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) on(name, toasts);
  toasts();
  drafts();
})();
