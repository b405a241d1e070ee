/* The log page: type four digits, ↵ takes the first (↓ the next), the cursor is in the words, ⌘/Ctrl+↵ files it. */
(function () {
  "use strict";
  var search = document.getElementById("q"), found = document.getElementById("found");
  var box = document.getElementById("who-search"), fresh = document.getElementById("who-new");
  var text = document.getElementById("text"), wants = false;
  function hits() { return Array.prototype.slice.call(found.querySelectorAll(".hit")); }
  function chosen() { return found.querySelector(".hit.on"); }
  function choose(hit) {
    hits().forEach(function (one) {
      one.classList.toggle("on", one === hit);
      one.setAttribute("aria-selected", one === hit ? "true" : "false");
    });
    search.setAttribute("aria-activedescendant", hit.id);
  }
  function take(hit) {
    window.htmx.ajax("GET", hit.dataset.url, { target: "#who-picked", swap: "innerHTML" }).then(function () {
      box.hidden = true;
      window.htmx.trigger(text, "input");
    });
    wants = false;
    text.focus();
  }
  search.addEventListener("keydown", function (event) {
    if (event.metaKey || event.ctrlKey || event.isComposing) return;
    var all = hits(), i = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) choose(all[(i + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (chosen() && found.dataset.q === search.value) take(chosen());
      else if (search.value.trim().length > 1) { wants = true; window.htmx.trigger(search, "input"); }
      else text.focus();
    }
  });
  document.body.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target !== found) return;
    found.dataset.q = search.value;
    search.setAttribute("aria-expanded", hits().length ? "true" : "false");
    if (chosen()) choose(chosen());
    if (wants && chosen()) take(chosen());
    else if (wants) { wants = false; text.focus(); }
  });
  found.addEventListener("click", function (event) {
    var hit = event.target.closest(".hit");
    if (hit) take(hit);
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-walkin]")) {
      box.hidden = true; fresh.hidden = false; document.getElementById("name").focus();
    }
    if (event.target.closest("[data-search-again]")) {
      fresh.hidden = true;
      fresh.querySelectorAll("input").forEach(function (field) { field.value = ""; });
      document.getElementById("who-picked").replaceChildren();
      box.hidden = false; search.value = ""; found.replaceChildren(); search.focus();
    }
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-guess]")) return;
    var touched = document.getElementById("touched");
    if ((" " + touched.value + " ").indexOf(" " + event.target.name + " ") < 0) {
      touched.value = (touched.value + " " + event.target.name).trim();
    }
  });
  if (text.value.trim()) window.addEventListener("load", function () { window.htmx.trigger(text, "input"); });
})();
