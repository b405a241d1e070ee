/* The workbench: how many of the five are filled, evidence by a press, keys that rest in fields. */
(function () {
  "use strict";
  var five = document.querySelector("[data-five]");
  var names = ["who", "when", "where", "what", "evidence"];
  function count() {
    var n = 0, lack = [];
    names.forEach(function (name, i) {
      var on = five.elements[name].value.trim() !== "" || (name === "evidence" && ticks().length > 0);
      n += on ? 1 : 0;
      if (!on) lack.push(labelled(name));
      five.querySelectorAll(".meter i")[i].classList.toggle("on", on);
    });
    var said = five.querySelector("[data-filled]");
    said.textContent = n + " / 5" + (lack.length ? " · " + said.dataset.lack.replace("#", lack.join(" ")) : "");
  }
  function labelled(name) { return five.querySelector("label[for=f-" + name + "]").textContent.trim(); }
  /* what is ticked on the line is cited, in its order, and proposes who and where */
  function ticks() { return Array.prototype.slice.call(document.querySelectorAll("input[name=cite]:checked")); }
  function cite() {
    var chosen = ticks(), list = five.querySelector("[data-citedlist]"), note = five.querySelector("[data-cited]");
    five.elements.cites.value = chosen.map(function (box) { return box.value; }).join(",");
    note.textContent = chosen.length ? note.dataset.said.replace("#", chosen.length) : note.dataset.none;
    list.textContent = "";
    document.querySelectorAll(".cite b").forEach(function (b) { b.textContent = ""; });
    chosen.forEach(function (box, i) {
      box.parentElement.querySelector("b").textContent = " " + (i + 1);
      var row = document.createElement("li");
      row.textContent = (i + 1) + " · " + box.dataset.label;
      list.append(row);
    });
    count();
  }
  function propose(name, words) {
    var field = five.elements[name];
    if (!words || field.value.indexOf(words) >= 0) return;
    field.value = field.value.trim() ? field.value.trim() + "\n" + words : words;
    grow(field);
  }
  function grow(field) {
    field.style.height = "auto";
    field.style.height = Math.max(field.offsetHeight, field.scrollHeight + 2) + "px";
  }
  document.querySelectorAll(".case textarea").forEach(function (field) {
    grow(field);
    field.addEventListener("input", function () { grow(field); });
  });
  /* the next why appears once the one before is answered */
  var asking = document.querySelector("[data-whys]");
  function why() {
    var open = true;
    asking.querySelectorAll(".whys1 li").forEach(function (line) {
      var said = line.querySelector("textarea").value.trim() !== "";
      line.hidden = !open && !said;
      open = said;
    });
  }
  if (asking) {
    why();
    asking.addEventListener("input", why);
  }
  if (five) {
    count();
    five.addEventListener("input", count);
    document.addEventListener("change", function (event) {
      var box = event.target.closest("input[name=cite]");
      if (!box) return;
      if (box.checked) {
        propose("who", box.dataset.who);
        propose("where", box.dataset.where);
        propose("when", box.dataset.when);
      }
      cite();
      five.dispatchEvent(new Event("input", { bubbles: true }));
    });
    cite();
  }
  /* above his own authority the button says that somebody is asked */
  var offer = document.querySelector("form[data-limit]");
  if (offer && offer.dataset.limit) {
    var weigh = function () {
      var most = Math.max.apply(null, Array.prototype.map.call(offer.querySelectorAll("[data-amount]"), function (field) {
        return Number(field.value.replace(/[,，¥￥\s]/g, "")) || 0;
      }));
      var over = most > Number(offer.dataset.limit);
      offer.querySelector("[data-under]").hidden = over;
      offer.querySelector("[data-over]").hidden = !over;
    };
    offer.addEventListener("input", weigh);
    weigh();
  }
  /* the list's R opens a case with the cursor where one answers */
  if (location.hash === "#reply") {
    var answer = document.querySelector(".say textarea");
    if (answer) answer.focus();
  }
  document.addEventListener("keydown", function (event) {
    if (document.body.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey || event.target.closest("input, textarea, select")) return;
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
