// Before the time-out: a line that is read out, and a button to stay. Nothing that was typed is touched.
(() => {
  const left = new WeakMap();
  const look = () => {
    for (const bar of document.querySelectorAll("[data-session]:not(script)")) {
      if (!left.has(bar)) left.set(bar, Date.now() + bar.dataset.session * 1e3);
      const seconds = (left.get(bar) - Date.now()) / 1e3, form = bar.querySelector("form[hidden]");
      if (seconds <= 0 && !bar.dataset.ended) {
        bar.dataset.ended = "";
        const p = document.createElement("p");
        p.setAttribute("role", "status");
        bar.replaceChildren(p);
        // A live region is read out when its text comes after itself.
        setTimeout(() => p.textContent = bar.dataset.over, 50);
      } else if (seconds > 0 && seconds <= bar.dataset.warn && form) {
        form.hidden = false;
        const p = form.querySelector("[role=status]");
        setTimeout(() => p.textContent = p.dataset.text, 50);
      }
    }
  };
  look();
  document.addEventListener("htmx:load", look);
  setInterval(look, 1e3);
})();
