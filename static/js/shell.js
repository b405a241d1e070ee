/* The frame: menus close by Escape and outside, C opens the log page, copy buttons copy, drafts outlive a reload. */
(function () {
  "use strict";
  var menus = "details.cx-menu";
  document.addEventListener("click", function (event) {
    document.querySelectorAll(menus + "[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
    var copy = event.target.closest("[data-copy]");
    if (copy) {
      var field = document.querySelector(copy.dataset.copy);
      field.select();
      if (navigator.clipboard) navigator.clipboard.writeText(field.value);
      copy.querySelector(".t").textContent = copy.dataset.done;
    }
    var show = event.target.closest("[data-show]");
    if (show) {
      var shown = document.querySelector(show.dataset.show);
      shown.hidden = false;
      show.hidden = true;
      var first = shown.querySelector("input:not([type=hidden]), textarea, select");
      if (first) first.focus();
    }
  });
  function inField(event) {
    return event.target.closest("input, textarea, select, [contenteditable]");
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll(menus + "[open]").forEach(function (menu) {
        menu.removeAttribute("open");
        menu.querySelector("summary").focus();
      });
    }
    if ((event.metaKey || event.ctrlKey) && event.key === "Enter" && event.target.form) {
      var button = event.target.form.querySelector("[data-main]");
      if (button) { event.preventDefault(); button.click(); }
    }
    if (event.metaKey || event.ctrlKey || event.altKey || inField(event) || document.body.dataset.keys === "off") return;
    var wanted = document.querySelector('[data-key="' + event.key.toLowerCase() + '"]');
    if (wanted && !wanted.closest("[hidden]")) {
      event.preventDefault();
      if (wanted.matches("input, textarea, select")) wanted.focus(); else wanted.click();
    }
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  /* on a phone the further conditions of a list wait behind one button, which says how many of them hold */
  document.querySelectorAll(".cx-fold").forEach(function (button) {
    var form = button.form, said = button.querySelector(".cx-n");
    var n = Array.prototype.filter.call(form.querySelectorAll("select, input[type=date]"), function (field) { return field.value; }).length;
    said.textContent = n;
    said.hidden = !n;
    button.hidden = false;
    form.classList.add("folded");
    button.addEventListener("click", function () {
      button.setAttribute("aria-expanded", String(!form.classList.toggle("folded")));
    });
  });

  /* what was typed in a form with data-draft stays in this tab until it was taken */
  var taken = document.querySelector("[data-drafts-taken]");
  if (taken) taken.dataset.draftsTaken.split(" ").forEach(function (key) { sessionStorage.removeItem("cx:" + key); });
  document.querySelectorAll("form[data-draft]").forEach(function (form) {
    var key = "cx:" + form.dataset.draft, kept = {};
    try { kept = JSON.parse(sessionStorage.getItem(key) || "{}"); } catch (error) { kept = {}; }
    form.querySelectorAll("textarea, input[type=text]").forEach(function (field) {
      if (kept[field.name] && !field.value) field.value = kept[field.name];
      field.addEventListener("input", function () {
        kept[field.name] = field.value;
        sessionStorage.setItem(key, JSON.stringify(kept));
        var note = form.querySelector("[data-draft-note]");
        if (note) note.hidden = false;
      });
    });
  });
  /* one press, one request */
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });
})();
