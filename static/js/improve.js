// The baseline follows the form; the huddle's watch counts up from its start by the server's clock.
(() => {
  "use strict";
  const form = document.querySelector("[data-baseline]");
  if (form) {
    let waiting = 0;
    form.addEventListener("change", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const query = new URLSearchParams(new FormData(form));
        query.delete("csrfmiddlewaretoken");
        window.htmx.ajax("GET", `${form.dataset.baseline}?${query}`, { target: "#baseline", swap: "innerHTML" });
      }, 250);
    });
  }
  const watch = document.querySelector("[data-watch]");
  if (watch) {
    const meta = document.querySelector('meta[name="cx-now"]');
    const skew = meta ? Number(meta.content) - Date.now() : 0;
    const tick = () => {
      const seconds = Math.max(0, Math.floor((Date.now() + skew - Number(watch.dataset.watch) * 1000) / 1000));
      watch.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      watch.classList.toggle("over", seconds >= 600);
    };
    tick();
    setInterval(tick, 1000);
  }
  const wide = document.querySelector("[data-fullscreen]");
  if (wide && document.documentElement.requestFullscreen) {
    wide.hidden = false;
    wide.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    });
  }
})();
