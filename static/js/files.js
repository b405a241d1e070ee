/* Files beside a text box: their names are shown before they are sent, each can be taken out again, a pasted picture joins. */
(function () {
  "use strict";
  document.querySelectorAll("[data-files]").forEach(function (field) {
    var input = field.querySelector("input[type=file]"), list = field.querySelector(".filelist");
    var chosen = [], max = Number(field.dataset.max), most = Number(field.dataset.bytes);
    function put() {
      var hand = new DataTransfer();
      chosen.forEach(function (file) { hand.items.add(file); });
      input.files = hand.files;
      var large = chosen.filter(function (file) { return file.size > most; })[0];
      var said = chosen.length > max ? field.dataset.many : large ? field.dataset.large.replace("#", large.name) : "";
      list.textContent = "";
      chosen.forEach(function (file, i) {
        var row = document.createElement("li"), name = document.createElement("span"), drop = document.createElement("button");
        name.textContent = file.name;
        drop.type = "button";
        drop.textContent = "×";
        drop.setAttribute("aria-label", field.dataset.drop + " " + file.name);
        drop.addEventListener("click", function () { chosen.splice(i, 1); put(); input.focus(); });
        row.append(name, drop);
        list.append(row);
      });
      if (said) {
        var why = document.createElement("li");
        why.className = "bad1";
        why.textContent = said;
        list.append(why);
      }
      list.hidden = !chosen.length;
      field.dataset.bad = said ? "1" : "";
    }
    function add(files) {
      Array.prototype.forEach.call(files, function (file) {
        var known = chosen.some(function (one) { return one.name === file.name && one.size === file.size && one.lastModified === file.lastModified; });
        if (!known) chosen.push(file);
      });
      put();
    }
    input.addEventListener("change", function () { add(input.files); });
    input.form.addEventListener("paste", function (event) {
      if (event.clipboardData && event.clipboardData.files.length) { event.preventDefault(); add(event.clipboardData.files); }
    });
    input.form.addEventListener("submit", function (event) { if (field.dataset.bad) { event.preventDefault(); list.scrollIntoView({ block: "nearest" }); } });
  });
})();
