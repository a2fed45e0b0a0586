"use strict";
// hx-swap="morph": puts what is new into an element by changing only what differs, so that focus,
// selection, open details and scroll stay. An element goes on as another one only where both are
// of the same kind and name; a button under the finger never becomes that of another row.
(() => {
  const nameOf = (node) => node.id || node.dataset?.key || node.getAttribute?.("action") || "";
  const isSame = (old, fresh) => old.nodeName === fresh.nodeName && nameOf(old) === nameOf(fresh);

  // What the page or htmx has set by itself: opened details, a button while its request is under way.
  const isOurs = (element, name) => element.matches("details")
    ? name === "open"
    : element.hasAttribute("data-disabled-by-htmx") && /^(data-)?disabled/.test(name);

  const attributes = (old, fresh) => {
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !isOurs(old, name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !isOurs(old, name)) old.setAttribute(name, value);
    }
  };

  const change = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    attributes(old, fresh);
    children(old, fresh);
  };

  const children = (parent, fresh) => {
    let old = parent.firstChild;
    const skip = () => {
      const gone = old;
      old = old.nextSibling;
      gone.remove();
    };
    for (const wanted of [...fresh.childNodes]) {
      const isStillThere = (node) => node && isSame(node, wanted);
      // A named one that stands further down comes up; one that has the focus must not be moved.
      if (nameOf(wanted) && !isStillThere(old)) {
        let later = old;
        while (later && !isStillThere(later)) later = later.nextSibling;
        if (later?.contains(document.activeElement)) {
          while (old !== later) skip();
        } else if (later) {
          parent.insertBefore(later, old);
          old = later;
        }
      }
      if (isStillThere(old)) {
        change(old, wanted);
        old = old.nextSibling;
      } else {
        parent.insertBefore(wanted, old);
      }
    }
    while (old) skip();
  };

  window.htmx?.defineExtension("morph", {
    handleSwap: (style, target, fragment) => {
      if (style !== "morph") return false;
      // Whoever changes what stands there changes what comes too, so that it is not told as new.
      target.dispatchEvent(new CustomEvent("morph:fresh", { bubbles: true, detail: fragment }));
      children(target, fragment);
      // htmx looks at it anew: what is in it may ask for other things than before.
      return [target];
    },
  });
})();
