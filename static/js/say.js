/* Writing on a ticket: / opens the templates, @ the colleagues; drafts are kept on the server; others are heard of. */
(function () {
  "use strict";
  var page = document.querySelector("[data-number]");
  if (!page) return;
  function post(url, data, then) {
    var body = new URLSearchParams(data);
    body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    return fetch(url, { method: "POST", body: body, credentials: "same-origin", keepalive: true })
      .then(function (answer) { if (answer.ok && then) return answer.text().then(then); })
      .catch(function () {});
  }

  /* drafts: a second after the last key, and when the page is left */
  document.querySelectorAll("form[data-keep]").forEach(function (form) {
    var timer = null, dirty = false, note = form.querySelector("[data-saynote], [data-draft-note]");
    function save() {
      clearTimeout(timer);
      if (!dirty || form.dataset.sent) return;
      dirty = false;
      var data = { form: form.dataset.keep };
      form.querySelectorAll("textarea, input[type=text], [data-kept]").forEach(function (field) { data[field.name] = field.value; });
      post(form.dataset.url, data, function () {
        if (note && note.dataset.saved && !note.classList.contains("warn1")) note.textContent = note.dataset.saved;
      });
    }
    form.addEventListener("input", function () { dirty = true; clearTimeout(timer); timer = setTimeout(save, 1000); });
    window.addEventListener("pagehide", save);
    document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") save(); });
  });

  /* who else is here */
  var here = document.querySelector("[data-here]"), wrote = 0;
  document.addEventListener("input", function (event) { if (event.target.closest(".case form")) { if (Date.now() - wrote > 20000) { wrote = Date.now(); beat(); } wrote = Date.now(); } });
  function beat() {
    if (!here || document.visibilityState !== "visible") return;
    post(here.dataset.here, { doing: Date.now() - wrote < 20000 ? "writing" : "reading" }, function (text) {
      if (here.innerHTML.trim() !== text.trim()) here.innerHTML = text;
    });
  }
  beat();
  setInterval(beat, 10000);

  /* the list under the box */
  var form = document.querySelector(".say form");
  if (!form) return;
  var box = form.elements.text, list = document.getElementById("picks"), note = form.querySelector("[data-saynote]");
  var templates = null, start = -1, mark = "";
  function word() {
    var head = box.value.slice(0, box.selectionStart);
    var found = /(^|\s)\/([^\s\/]*)$/.exec(head);
    if (found) { mark = "/"; start = head.length - found[2].length - 1; return found[2].toLowerCase(); }
    found = /@([^\s@]{0,12})$/.exec(head);
    if (found) { mark = "@"; start = head.length - found[1].length - 1; return found[1].toLowerCase(); }
    return null;
  }
  function close() { list.hidden = true; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); }
  function options() { return Array.prototype.slice.call(list.querySelectorAll("[role=option]")); }
  function pick(step) {
    var all = options(), now = all.findIndex(function (o) { return o.getAttribute("aria-selected") === "true"; });
    if (!all.length) return;
    var next = all[Math.max(0, Math.min(all.length - 1, now + step))];
    all.forEach(function (o) { o.setAttribute("aria-selected", o === next ? "true" : "false"); });
    box.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }
  function show(source, typed) {
    list.replaceChildren();
    source.forEach(function (item) {
      if (!item.dataset.key2 || item.dataset.key2.indexOf(typed) >= 0) list.appendChild(item.cloneNode(true));
    });
    list.hidden = !list.children.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    pick(1);
  }
  function look() {
    var typed = word();
    if (typed === null) { close(); return; }
    if (mark === "@") { show(Array.prototype.slice.call(document.querySelectorAll("#people li")), typed); return; }
    if (templates) { show(templates, typed); return; }
    fetch(form.dataset.templates, { credentials: "same-origin" }).then(function (answer) { return answer.ok ? answer.text() : ""; })
      .then(function (text) {
        var holder = document.createElement("ul");
        holder.innerHTML = text;
        templates = Array.prototype.slice.call(holder.children);
        look();
      }).catch(function () {});
  }
  function warn() {
    var left = (box.value.match(/\{[^{}\n]{1,40}\}/g) || []).join(" ");
    note.classList.toggle("warn1", left !== "");
    if (left) note.textContent = note.dataset.missing.replace("#", left);
    else if (note.textContent.indexOf("{") >= 0) note.textContent = "";
  }
  function take(option) {
    if (!option || !option.dataset.text) return;
    var tail = box.value.slice(box.selectionStart);
    var put = (mark === "@" ? "@" : "") + option.dataset.text + (mark === "@" ? " " : "");
    box.value = box.value.slice(0, start) + put + tail;
    var hole = mark === "/" ? box.value.indexOf("{", start) : -1, end = start + put.length;
    close();
    box.focus();
    if (hole >= 0) box.setSelectionRange(hole, box.value.indexOf("}", hole) + 1); else box.setSelectionRange(end, end);
    if (option.dataset.id) {
      var hidden = document.createElement("input");
      hidden.type = "hidden"; hidden.name = "template"; hidden.value = option.dataset.id;
      form.appendChild(hidden);
    }
    box.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  }
  box.addEventListener("input", function () { look(); warn(); });
  box.addEventListener("blur", function () { setTimeout(close, 150); });
  box.addEventListener("keydown", function (event) {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); pick(event.key === "ArrowDown" ? 1 : -1); }
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(list.querySelector('[aria-selected="true"]')); }
    else if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
  list.addEventListener("mousedown", function (event) { event.preventDefault(); take(event.target.closest("[role=option]")); });
  /* one key from anywhere on the page: the list of templates */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || document.body.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    box.focus();
    box.value = box.value && !/\s$/.test(box.value) ? box.value + "\n/" : box.value + "/";
    box.setSelectionRange(box.value.length, box.value.length);
    look();
  });
  warn();
})();
