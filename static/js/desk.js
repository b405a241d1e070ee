/* The list: J/K walk, X ticks, A assigns, R replies, ? shows the keys; they rest while one types. Ticks are counted. */
(function () {
  "use strict";
  function rows() { return Array.prototype.slice.call(document.querySelectorAll("[data-row]")); }
  function ticks() { return Array.prototype.slice.call(document.querySelectorAll(".rows input[name=ticket]")); }
  function here() { return document.querySelector("[data-row].at") || null; }
  function go(step) {
    var all = rows(), now = all.indexOf(here());
    var next = all[now < 0 ? 0 : Math.max(0, Math.min(all.length - 1, now + step))];
    if (!next) return;
    all.forEach(function (row) { row.classList.toggle("at", row === next); });
    next.querySelector(".what").focus();
    next.scrollIntoView({ block: "nearest" });
  }
  function count() {
    var all = ticks(), n = all.filter(function (box) { return box.checked; }).length;
    var said = document.querySelector("[data-ticked]"), head = document.querySelector("[data-tick-all]");
    if (said) said.textContent = said.dataset.said.replace("#", n);
    if (head) { head.checked = n > 0 && n === all.length; head.indeterminate = n > 0 && n < all.length; }
    all.forEach(function (box) { box.closest("tr").classList.toggle("ticked", box.checked); });
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-tick-all]")) ticks().forEach(function (box) { box.checked = event.target.checked; });
    if (event.target.matches("[data-tick-all], input[name=ticket]")) count();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-untick]")) { ticks().forEach(function (box) { box.checked = false; }); count(); }
    if (event.target.closest("[data-keys-open]")) document.getElementById("keys").showModal();
  });
  document.addEventListener("focusin", function (event) {
    var row = event.target.closest("[data-row]");
    if (row) rows().forEach(function (other) { other.classList.toggle("at", other === row); });
  });
  document.addEventListener("keydown", function (event) {
    if (document.body.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    var field = event.target.closest("input, textarea, select, dialog[open]");
    if (field && !(field.type === "checkbox" && field.name === "ticket")) return;
    var row = here(), key = event.key;
    if (key === "j" || key === "k") { event.preventDefault(); go(key === "j" ? 1 : -1); }
    else if (key === "?") { event.preventDefault(); document.getElementById("keys").showModal(); }
    else if (key === "x" && row && row.querySelector("input[name=ticket]")) {
      event.preventDefault();
      row.querySelector("input[name=ticket]").click();
    } else if (key === "r" && row) {
      event.preventDefault();
      location.href = row.querySelector(".what").href + "#reply";
    } else if (key === "a") {
      var box = row && row.querySelector("input[name=ticket]");
      if (box && !ticks().some(function (other) { return other.checked; })) box.click();
      var menu = document.querySelector("[data-bulk=assign]");
      if (menu && ticks().some(function (other) { return other.checked; })) {
        event.preventDefault();
        menu.parentElement.open = true;
        document.getElementById("b-who").focus();
      }
    }
  });
  count();
})();
