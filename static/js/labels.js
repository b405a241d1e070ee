/* Marks in the text and aspects below answer to each other; keys 1 to 3 and X belong to the aspect that is open. */
(function () {
  "use strict";
  var aspects = Array.from(document.querySelectorAll("[data-aspect]"));
  var marks = Array.from(document.querySelectorAll("mark[data-over]"));
  function over(mark) { return mark.dataset.over.split(" "); }
  function light(numbers) {
    aspects.forEach(function (row) { row.classList.toggle("on", numbers.indexOf(row.dataset.aspect) >= 0); });
    marks.forEach(function (mark) {
      mark.classList.toggle("on", over(mark).some(function (number) { return numbers.indexOf(number) >= 0; }));
    });
  }
  function rest() {
    var open = aspects.filter(function (row) { return row.open; });
    light(open.map(function (row) { return row.dataset.aspect; }));
  }
  function keys() {
    aspects.forEach(function (row) {
      row.querySelectorAll("[data-slot]").forEach(function (button) {
        if (row.open) button.dataset.key = button.dataset.slot; else button.removeAttribute("data-key");
      });
    });
  }
  function listen(node, numbers) {
    ["mouseenter", "focusin"].forEach(function (name) { node.addEventListener(name, function () { light(numbers()); }); });
    ["mouseleave", "focusout"].forEach(function (name) { node.addEventListener(name, rest); });
  }
  aspects.forEach(function (row) {
    listen(row, function () { return [row.dataset.aspect]; });
    row.addEventListener("toggle", function () { keys(); rest(); });
  });
  marks.forEach(function (mark) {
    listen(mark, function () { return over(mark); });
    mark.addEventListener("click", function (event) {
      var numbers = over(mark), link = event.target.closest("a");
      var wanted = link ? link.id.slice(1) : numbers[0];
      var row = document.getElementById("a" + wanted);
      if (!row) return;
      row.open = true;
      row.querySelector("summary").focus({ preventScroll: true });
      row.scrollIntoView({ block: "nearest" });
      if (link) event.preventDefault();
    });
  });
  rest();
})();
