/* The workbench: how many of the five are filled, evidence by a press, keys that rest in fields. */
(function () {
  "use strict";
  var five = document.querySelector("[data-five]");
  var names = ["who", "when", "where", "what", "evidence"];
  function count() {
    var n = 0;
    names.forEach(function (name, i) {
      var on = five.elements[name].value.trim() !== "";
      n += on ? 1 : 0;
      five.querySelectorAll(".meter i")[i].classList.toggle("on", on);
    });
    five.querySelector("[data-filled]").textContent = n + " / 5";
  }
  function grow(field) {
    field.style.height = "auto";
    field.style.height = Math.max(field.offsetHeight, field.scrollHeight + 2) + "px";
  }
  document.querySelectorAll(".case textarea").forEach(function (field) {
    grow(field);
    field.addEventListener("input", function () { grow(field); });
  });
  if (five) {
    count();
    five.addEventListener("input", count);
    document.addEventListener("click", function (event) {
      var pick = event.target.closest("[data-evidence]");
      if (!pick) return;
      var field = five.elements.evidence;
      var line = pick.dataset.evidence;
      if (field.value.indexOf(line) < 0) field.value = (field.value.trim() ? field.value.trim() + "\n" : "") + line;
      pick.classList.add("on");
      grow(field);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  document.addEventListener("keydown", function (event) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "n") {
      var say = document.querySelector(".say textarea");
      if (say) { event.preventDefault(); say.focus(); }
    } else if (event.key === "p" || event.key === "e") {
      if (document.querySelector('[data-key="' + event.key + '"]')) return;
      var tab = document.querySelectorAll(".case .cx-tabs a")[event.key === "p" ? 1 : 0];
      if (tab) tab.click();
    } else if (event.key === "?") {
      var keys = document.querySelector(".keys1");
      keys.scrollIntoView({ block: "center" });
      keys.classList.add("shown");
    }
  });
})();
