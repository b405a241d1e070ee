/* The bell: J/K walk, Y and N say whether a notice was useful, the same again takes it back. They rest while one types. */
(function () {
  "use strict";
  function rows() { return Array.prototype.slice.call(document.querySelectorAll("[data-row]")); }
  function here() { return document.querySelector("[data-row].at") || null; }
  function mark(row) { rows().forEach(function (other) { other.classList.toggle("at", other === row); }); }
  function go(step) {
    var all = rows(), now = all.indexOf(here());
    var next = all[now < 0 ? 0 : Math.max(0, Math.min(all.length - 1, now + step))];
    if (!next) return;
    mark(next);
    next.querySelector(".what").focus();
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("focusin", function (event) {
    var row = event.target.closest("[data-row]");
    if (row) mark(row);
  });
  document.addEventListener("keydown", function (event) {
    if (document.body.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    var key = event.key, row = here();
    if (key === "j" || key === "k") { event.preventDefault(); go(key === "j" ? 1 : -1); }
    else if ((key === "y" || key === "n") && row) {
      event.preventDefault();
      row.querySelector("[data-key=" + key + "]").click();
    }
  });
  /* back from saying so: the fragment names the row's link, so the browser has focused it; the same row is at hand again */
  var said = location.hash.indexOf("#n-") === 0 ? document.getElementById(location.hash.slice(1)) : null;
  if (said) { mark(said.closest("[data-row]")); said.focus({ preventScroll: true }); }
})();
