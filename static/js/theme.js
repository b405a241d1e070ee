/* Follows the device's light or dark before the first paint, unless the person chose. */
(function () {
  "use strict";
  var root = document.documentElement;
  if (!root.hasAttribute("data-theme-auto")) return;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function follow() { root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light"); }
  follow();
  dark.addEventListener("change", follow);
})();
