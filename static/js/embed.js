"use strict";
// The state of a portal on pages of others: <script src="https://status.example.com/embed/banner.js" async></script>
// It stands in its own shadow tree, sets no cookie, and shows nothing while all is well.
// data-target="#place" puts it somewhere else than at the top of the page, data-always="yes" shows it always.
(() => {
  const script = document.currentScript;
  if (!script?.src) return;
  const portal = script.src.replace(/\/embed\/banner\.js.*$/, "");
  const { target, always } = script.dataset;
  const TONES = { none: "#127a46", maintenance: "#2456d6", minor: "#8a5a00", major: "#b3261e", critical: "#b3261e" };
  const STYLE = `
    :host { all: initial; display: block; }
    :host([hidden]) { display: none; }
    a { display: block; padding: 10px 16px; border-inline-start: 6px solid var(--tone); background: #fff; color: #15191f;
      font: 400 15px/1.4 system-ui, sans-serif; text-decoration: none; box-shadow: inset 0 -1px #e1e5ea; }
    a:hover b, a:focus-visible b { text-decoration: underline; }
    a:focus-visible { outline: 2px solid var(--tone); outline-offset: -4px; }
    b { color: var(--tone); font-weight: 650; }
    @media (prefers-color-scheme: dark) {
      a { background: #161b22; color: #e8ecf1; box-shadow: inset 0 -1px #2a313a; }
      b { filter: brightness(1.9) saturate(.8); }
    }`;
  const host = document.createElement("div");
  host.setAttribute("role", "status");
  host.hidden = true;
  const root = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const link = root.appendChild(document.createElement("a"));
  link.href = `${portal}/`;
  link.target = "_blank";
  link.rel = "noopener";
  const bold = link.appendChild(document.createElement("b"));
  const text = link.appendChild(document.createElement("span"));
  link.dir = "auto";

  const show = ({ indicator, description, banners }) => {
    const titles = banners.map((one) => one.title);
    const more = titles.length > 2 ? ` +${titles.length - 2}` : "";
    const said = titles.length ? ` · ${titles.slice(0, 2).join(" · ")}${more}` : "";
    host.hidden = !always && indicator === "none" && !titles.length;
    host.style.setProperty("--tone", TONES[indicator] || TONES.minor);
    if (bold.textContent !== description) bold.textContent = description;
    if (text.textContent !== said) text.textContent = said;
  };
  let seconds = 45;
  const ask = async () => {
    try {
      const answer = await fetch(`${portal}/api/status`, { credentials: "omit", referrerPolicy: "no-referrer" });
      if (answer.ok) {
        const status = await answer.json();
        seconds = status.pollSeconds;
        show(status);
      }
    } catch { /* the portal does not answer; what was shown stays */ }
    setTimeout(ask, 1000 * seconds * (0.85 + 0.3 * Math.random()));
  };
  const begin = () => {
    const place = target && document.querySelector(target);
    if (place) place.append(host);
    else document.body.prepend(host);
    ask();
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
