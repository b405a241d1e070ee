/* Moves the promise clocks on between two answers of the server: text and arc only. At zero it asks the server
   (event cx:due) and waits; it never invents a state. Time is the server's, corrected once at load. */
(function () {
  "use strict";
  function meta(name) { return document.querySelector('meta[name="' + name + '"]'); }
  var said = meta("cx-clock-words");
  if (!said || !meta("cx-now")) return;
  var words = said.dataset;
  var ahead = Number(meta("cx-now").content) - Date.now();
  var asked = {};
  function now() { return (Date.now() + ahead) / 1000; }
  function pad(n) { return (n < 10 ? "0" : "") + n; }
  function two(form, a, b) { return form.replace("##", "\u0000").replace("#", a).replace("\u0000", b); }

  function digits(left) {
    var h = Math.floor(left / 3600), m = Math.floor(left / 60) % 60, s = Math.floor(left) % 60;
    return h ? h + ":" + pad(m) + ":" + pad(s) : m + ":" + pad(s);
  }
  function span(seconds, up) {
    var whole = Math.max(0, Math.floor(seconds));
    if (whole < 60 && !up) return words.s.replace("#", whole);
    var minutes = up ? Math.ceil(whole / 60) : Math.floor(whole / 60);
    if (minutes < 60) return words.m.replace("#", minutes);
    var hours = Math.floor(minutes / 60);
    minutes %= 60;
    if (hours < 24) return minutes ? two(words.hm, hours, minutes) : words.h.replace("#", hours);
    var days = Math.floor(hours / 24);
    return two(words.dh, days, hours % 24);
  }
  function move(clock) {
    var due = Number(clock.dataset.due), target = Number(clock.dataset.target);
    var time = clock.querySelector(".time"), text;
    if (clock.dataset.ticks === "up") {
      text = words.over.replace("#", span(now() - due));
    } else {
      var left = Math.max(0, due - now());
      if (left >= 172800) return;
      var exact = (clock.hasAttribute("data-exact") || left < 600) && left < 86400;
      text = words.left.replace("#", exact ? digits(left) : span(left, true));
      var arc = clock.querySelector(".arc");
      if (arc && target) arc.setAttribute("stroke-dasharray", (100 * Math.min(1, left / target)).toFixed(1) + " 200");
      if (left === 0 && !asked[clock.dataset.clock]) {
        asked[clock.dataset.clock] = true;
        document.body.dispatchEvent(new CustomEvent("cx:due"));
      }
    }
    if (time.textContent !== text) time.textContent = text;
  }
  /* a span that grows while somebody holds the case, and one that shrinks until he should have answered */
  function spend(part) {
    var text = span(Number(part.dataset.spent) + Math.max(0, now() - Number(part.dataset.at)));
    if (part.textContent !== text) part.textContent = text;
  }
  function wait(part) {
    var left = Number(part.dataset.until) - now();
    var text = left > 0 ? words.left.replace("#", left < 3600 ? digits(left) : span(left, true)) : words.over.replace("#", span(-left));
    if (part.textContent !== text) part.textContent = text;
    part.classList.toggle("bad", left <= 0);
  }
  function all() {
    if (document.visibilityState !== "visible") return;
    document.querySelectorAll(".cx-clock[data-ticks]").forEach(move);
    document.querySelectorAll("[data-spent]").forEach(spend);
    document.querySelectorAll("[data-until]").forEach(wait);
  }
  all();
  setInterval(all, 1000);
  document.addEventListener("visibilitychange", all);
})();
