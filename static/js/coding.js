/* A voice is coded by keys alone: a key chooses, / goes to the tags, Enter keeps. Fields of text keep their own keys. */
(function () {
  "use strict";
  var form = document.querySelector("[data-coding]");
  if (!form) return;
  document.addEventListener("keydown", function (event) {
    if (event.metaKey || event.ctrlKey || event.altKey || document.body.dataset.keys === "off") return;
    var inText = event.target.closest("input[type=text], input:not([type]), textarea, select");
    if (inText && event.key !== "Enter") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Enter") {
      if (event.target.closest("a, button, summary")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      form.requestSubmit();
      return;
    }
    var wanted = form.querySelector('[data-code="' + CSS.escape(event.key.toLowerCase()) + '"]');
    if (!wanted) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (wanted.type === "radio") wanted.checked = true; else wanted.focus();
  }, true);
})();
