/* The answer page, smoother: a tap is sent without leaving the page and what was typed stays. Without this script the
   same buttons post the form. It also tells that a browser, not a mail scanner, shows the page. */
(function () {
  "use strict";
  var form = document.querySelector("[data-answer]");
  if (!form) return;
  var path = form.getAttribute("action");

  function body(button) {
    var data = new URLSearchParams(new FormData(form));
    data.set(button.name, button.value);
    return data;
  }
  function show(text, wasOn) {
    var fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-answer]");
    if (!fresh) return false;
    fresh = document.importNode(fresh, true);
    form.replaceWith(fresh);
    form = fresh;
    var again = form.querySelector('.scale [aria-pressed="true"]') || form.querySelector("h1");
    if (again && wasOn) { if (!again.matches("button")) again.tabIndex = -1; again.focus({ preventScroll: true }); }
    return true;
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-answer] button[name]");
    if (!button || !window.fetch || button.tabIndex === -1) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    fetch(path, { method: "POST", body: body(button), credentials: "same-origin" })
      .then(function (answer) { return answer.status < 500 ? answer.text() : Promise.reject(answer.status); })
      .then(function (text) { if (!show(text, true)) location.href = path; })
      .catch(function () { form.removeAttribute("aria-busy"); send(button); });
  });
  function send(button) {
    var hidden = document.createElement("input");
    hidden.type = "hidden"; hidden.name = button.name; hidden.value = button.value;
    form.appendChild(hidden);
    form.submit();
  }
  function seen() {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", seen);
    if (navigator.sendBeacon) navigator.sendBeacon(path, new URLSearchParams({ seen: "1" }));
  }
  document.addEventListener("visibilitychange", seen);
  seen();
})();
