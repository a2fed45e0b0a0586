"use strict";
// The API reference: Swagger UI over the portal's own document. A token that is entered stays in
// this page alone, and goes to the portal alone.
(() => {
  const place = document.getElementById("reference");
  const named = (element, name) => element.setAttribute("aria-label", name);
  window.SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    syntaxHighlight: false,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
  // What it leaves without a name or a place in the order of headings.
  const mend = () => {
    for (const heading of place.querySelectorAll("h3.opblock-tag, .models > h4")) heading.setAttribute("aria-level", "2");
    for (const heading of place.querySelectorAll("h2.title")) heading.setAttribute("aria-level", "1");
    for (const input of place.querySelectorAll(".operation-filter-input")) named(input, "Filter by group");
    for (const select of place.querySelectorAll(".servers select")) named(select, "Server");
  };
  new MutationObserver(mend).observe(place, { childList: true, subtree: true });
})();
