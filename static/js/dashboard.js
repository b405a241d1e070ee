/* Dashboards: a figure as SVG or PNG with the colours it has here, a widget that failed asked again, the wall's clock. */
(function () {
  "use strict";
  var STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "font-family", "text-anchor"];
  function shown(section) {
    return Array.prototype.find.call(section.querySelectorAll(".dx-body svg"), function (svg) { return svg.getClientRects().length > 0; });
  }
  function picture(section, name) {
    var svg = shown(section);
    if (!svg) return null;
    var copy = svg.cloneNode(true), mine = svg.querySelectorAll("*"), theirs = copy.querySelectorAll("*");
    mine.forEach(function (element, i) {
      var style = getComputedStyle(element);
      STYLES.forEach(function (property) { theirs[i].setAttribute(property, style.getPropertyValue(property)); });
    });
    var box = svg.viewBox.baseVal, head = 34;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height + head);
    copy.setAttribute("viewBox", "0 " + -head + " " + box.width + " " + (box.height + head));
    var page = getComputedStyle(section), ground = document.createElementNS(copy.namespaceURI, "rect");
    ground.setAttribute("y", -head); ground.setAttribute("width", box.width); ground.setAttribute("height", box.height + head);
    ground.setAttribute("fill", page.backgroundColor);
    var title = document.createElementNS(copy.namespaceURI, "text");
    title.setAttribute("x", 8); title.setAttribute("y", -12); title.setAttribute("fill", page.color);
    title.setAttribute("font-family", page.fontFamily); title.setAttribute("font-size", "14"); title.setAttribute("font-weight", "600");
    title.textContent = name;
    copy.insertBefore(title, copy.firstChild);
    copy.insertBefore(ground, title);
    return { text: new XMLSerializer().serializeToString(copy), width: box.width, height: box.height + head };
  }
  function save(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-picture]");
    if (button) {
      var found = picture(button.closest("section"), button.dataset.name), name = button.dataset.name.replace(/[\\/:*?"<>|]/g, " ");
      if (!found) return;
      if (button.dataset.picture === "svg") { save(new Blob([found.text], { type: "image/svg+xml" }), name + ".svg"); return; }
      var image = new Image();
      image.onload = function () {
        var canvas = document.createElement("canvas");
        canvas.width = found.width * 2; canvas.height = found.height * 2;
        var context = canvas.getContext("2d");
        context.scale(2, 2);
        context.drawImage(image, 0, 0);
        canvas.toBlob(function (blob) { save(blob, name + ".png"); });
      };
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(found.text);
    }
    var again = event.target.closest("[data-again]");
    if (again) window.htmx.trigger(again.closest("section"), "again");
  });
  function failed(event) {
    var section = event.detail.elt;
    if (!section.matches || !section.matches("section[data-failed]")) return;
    var wait = section.querySelector(".dx-wait");
    if (!wait) return;  // what was there stays
    var button = document.createElement("button");
    button.className = "btn"; button.dataset.again = ""; button.textContent = section.dataset.failed;
    wait.replaceChildren(button);
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  var clock = document.querySelector("[data-wall-clock]");
  if (clock) setInterval(function () {
    clock.textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }, 10000);
})();
