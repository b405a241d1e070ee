/* Says that something changed, and never moves a row under the pointer: a part marked data-live is fetched again when
   the organisation's channel speaks, when a clock runs out, or every 20 s; when its mark differs a bar offers the new
   one. Clocks whose state changed are put right in place. Without the channel it polls. */
(function () {
  "use strict";
  var part = document.querySelector("[data-live]");
  if (!part) return;
  var bar = document.querySelector("[data-live-bar]");
  var busy = false, again = false, fresh = null, open = false;

  function same(document2) {
    return document2.querySelector('[data-live="' + part.dataset.live + '"]');
  }
  function putClocksRight(found) {
    found.querySelectorAll("[data-clock]").forEach(function (clock) {
      part.querySelectorAll('[data-clock="' + clock.dataset.clock + '"]').forEach(function (mine) {
        if (mine.dataset.state !== clock.dataset.state && mine.className === clock.className) {
          mine.replaceWith(document.importNode(clock, true));
          var said = document.getElementById("cx-said");
          if (said) said.textContent = clock.getAttribute("aria-label");
        }
      });
    });
  }
  function look() {
    if (document.visibilityState !== "visible") { again = true; return; }
    if (busy) { again = true; return; }
    busy = true;
    fetch(part.dataset.liveUrl || location.href, { headers: { "X-CX-Live": "1" }, credentials: "same-origin" })
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.text() : ""; })
      .then(function (text) {
        var found = text && same(new DOMParser().parseFromString(text, "text/html"));
        if (!found) return;
        putClocksRight(found);
        if (found.dataset.liveMark !== part.dataset.liveMark && bar) { fresh = found; bar.hidden = false; }
      })
      .catch(function () {})
      .finally(function () { busy = false; if (again) { again = false; setTimeout(look, 1000); } });
  }
  function take() {
    bar.hidden = true;
    if (part.hasAttribute("data-live-reload")) { location.reload(); return; }
    if (!fresh) return;
    var mine = document.importNode(fresh, true);
    part.replaceWith(mine);
    part = mine;
    fresh = null;
    if (window.htmx) window.htmx.process(part);
  }
  if (bar) bar.addEventListener("click", take);
  document.body.addEventListener("cx:due", function () { setTimeout(look, 400); });
  document.addEventListener("visibilitychange", function () { if (again) { again = false; look(); } });
  setInterval(function () { if (!open) look(); }, 20000);

  var live = document.querySelector('meta[name="cx-live"]');
  if (live && window.EventSource) {
    var wait = null;
    var source = new EventSource(live.content);
    source.onopen = function () { open = true; };
    source.onerror = function () { open = false; };
    source.onmessage = function () { clearTimeout(wait); wait = setTimeout(look, 600); };
  }
})();
