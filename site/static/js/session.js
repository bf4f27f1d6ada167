// Before the time-out: a line that is read out, and a button to stay. Nothing that was typed is touched; what can only be
// read leaves the screen soon after it, for whoever passes by.
(() => {
  const left = new WeakMap(), bars = () => document.querySelectorAll("[data-session]:not(script)");
  // What is done in another tab keeps the session alive for this one too.
  const tabs = new BroadcastChannel("loket-session");
  tabs.onmessage = (e) => bars().forEach((bar) => left.get(bar) < e.data && left.set(bar, e.data));
  const isTouched = (field) => field.type !== "hidden" && (field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  const look = () => {
    for (const bar of bars()) {
      if (!left.has(bar)) {
        left.set(bar, Date.now() + bar.dataset.session * 1e3);
        tabs.postMessage(left.get(bar));
      }
      const seconds = (left.get(bar) - Date.now()) / 1e3, form = bar.querySelector("form.notice");
      if (seconds <= 0 && !("ended" in bar.dataset)) {
        bar.dataset.ended = "";
        const p = document.createElement("p");
        p.setAttribute("role", "status");
        bar.replaceChildren(p);
        // Nor does the header name who was logged in; what is the case is asked for when it is over at the server too.
        document.querySelectorAll("form.account").forEach((form) => form.replaceChildren());
        setTimeout(() => document.dispatchEvent(new Event("visibilitychange")), 2e3);
        // A live region is read out when its text comes after itself.
        setTimeout(() => p.textContent = bar.dataset.over, 50);
      } else if (seconds < -3 && bar.dataset.ended === "" && "leaves" in bar.dataset && ![...document.querySelectorAll("input, textarea")].some(isTouched)) {
        // Not sooner: while the session lasts, asking for the page again would prolong it.
        bar.dataset.ended = "left";
        location.reload();
      } else if (seconds > 0 && seconds <= bar.dataset.warn && form && form.hidden) {
        form.hidden = false;
        const p = form.querySelector("[role=status]");
        setTimeout(() => p.textContent = p.dataset.text, 50);
      } else if (seconds > bar.dataset.warn && form && !form.hidden) {
        form.hidden = true;
        form.querySelector("[role=status]").textContent = "";
      }
    }
  };
  // Going back may show a page as it was left, with somebody's orders on it: who is logged out by now must not see them.
  addEventListener("pageshow", (e) => { if (e.persisted && document.querySelector("[data-session]:not(script)")) location.reload(); });
  look();
  document.addEventListener("htmx:load", look);
  // Logged out in another tab, or somebody else logged in there: it is over here too.
  document.addEventListener("gone", () => { bars().forEach((bar) => left.set(bar, 0)); look(); });
  setInterval(look, 1e3);
})();
