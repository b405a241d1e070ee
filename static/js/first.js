/* 第一步: one voice is at hand; J and K move, and the keys of its buttons are those of the page. */
(function () {
  "use strict";
  var list = document.querySelector("[data-first]");
  if (!list) return;
  var rows = Array.from(list.children), at = 0;
  function choose(place, moves) {
    at = Math.max(0, Math.min(place, rows.length - 1));
    rows.forEach(function (row, number) {
      row.classList.toggle("on", number === at);
      row.querySelectorAll("[data-slot]").forEach(function (button) {
        if (number === at) button.dataset.key = button.dataset.slot; else button.removeAttribute("data-key");
      });
    });
    if (moves) {
      rows[at].querySelector(".vx-said").focus({ preventScroll: true });
      rows[at].scrollIntoView({ block: "nearest" });
    }
  }
  list.addEventListener("focusin", function (event) {
    var row = event.target.closest("[data-first] > li");
    if (row) choose(rows.indexOf(row), false);
  });
  document.addEventListener("keydown", function (event) {
    if (event.metaKey || event.ctrlKey || event.altKey || document.body.dataset.keys === "off") return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    var step = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (step) { event.preventDefault(); choose(at + step, true); }
  });
  choose(0, false);
})();
