// The chosen touchpoint is seen at once: its column stands in the middle of a wide map.
(() => {
  "use strict";
  const map = document.querySelector(".scroll2");
  const column = map && map.querySelector("td.sel");
  if (column) {
    map.scrollLeft = column.offsetLeft - (map.clientWidth - column.offsetWidth) / 2;
  }
})();
