"use strict";
// Before the page is painted: the colours that the reader has chosen. There is no cookie.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden; then the system's colours stay */ }
