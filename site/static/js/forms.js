// What only a page with a form needs, besides loket.js.
(() => {
  const d = document, here = d.currentScript.dataset, $ = (s, e = d) => e.querySelector(s);
  const on = (type, f, e = d) => e.addEventListener(type, f, true);
  const show = (e) => e.querySelectorAll(".show").forEach((b) => b.hidden = false);
  // Whoever is signed in gets a warning before the time-out; nobody else needs its script.
  const watch = () => {
    if (!$("[data-session]:not(script)") || $("script[data-watch]")) return;
    const s = d.createElement("script");
    s.src = here.session; s.dataset.watch = ""; d.head.append(s);
  };
  let pressed = null;
  watch(); show(d); on("htmx:load", (e) => {
    show(e.target); watch();
    // What follows on a press begins at its top: the heading is in view, and what must be read first has the focus.
    const panel = pressed && e.target.matches(".panel") && e.target;
    if (!panel) return;
    const { top } = panel.getBoundingClientRect();
    pressed = null; panel.tabIndex = -1;
    const first = !panel.matches("[autofocus]") && $("[autofocus]", panel);
    (first || panel).focus({ preventScroll: true });
    if (top < 0 || top > innerHeight / 2) panel.scrollIntoView({ behavior: "instant" });
    if (first) first.scrollIntoView({ block: "nearest", behavior: "instant" });
  });
  on("htmx:beforeRequest", (e) => {
    const a = e.target, there = a.matches("a[href]") && d.getElementById(a.pathname.split("/").pop());
    // What a page asks for by itself, when it is opened, moves nobody.
    if (e.detail.requestConfig.triggeringEvent) pressed = e.detail.target.matches(".panel");
    // The same form twice on a page would have one id twice: go to the one that is there.
    if (there && there.matches(".panel") && there != e.detail.target) { e.preventDefault(); there.tabIndex = -1; there.focus(); }
  });
  on("keyup", (e) => {
    if (e.target.type != "password" || !e.getModifierState) return;
    const hint = $(".caps", e.target.closest(".field"));
    if (hint) hint.textContent = e.getModifierState("CapsLock") ? hint.dataset.text : "";
  });

  on("click", (e) => {
    const a = e.target.closest(".switch, button.show");
    if (!a) return;
    if (a.matches(".show")) {
      const input = d.getElementById(a.getAttribute("aria-controls")), hidden = input.type == "password";
      const name = a.textContent;
      input.type = hidden ? "text" : "password";
      a.textContent = a.dataset.hide; a.dataset.hide = name;
    } else {
      const to = (path) => path.replace(/^\/[^/]+/, "/" + a.lang);
      const form = [...d.forms].find((f) => "switches" in f.dataset && (f.dataset.switches || [...f.elements].some((i) => i.matches("input:not([type=hidden]), textarea") && (i.value != i.defaultValue || i.checked != i.defaultChecked))));
      // What stands there now may be further than what the page was made with: its address is its own.
      const state = $("[data-switch]");
      if (!form && !state && (a.href || a.form)) return;
      e.preventDefault();
      if (!form) return location.assign(state ? to(state.dataset.switch) : a.formAction);
      const flag = d.createElement("input");
      flag.type = "hidden"; flag.name = "switch_language"; flag.value = "1";
      form.append(flag); form.action = to(form.getAttribute("action")); form.submit();
    }
  });

  // A page that was an answer to a form (the language switch) would be sent once more on the way back to it, which the
  // browser refuses: its address is asked for instead.
  on("pagehide", () => history.replaceState(history.state, ""), window);

  // Going back may show a page as it was left, with a password still in it; and who logged in since is asked for it again.
  on("pageshow", (e) => { if (e.persisted && $("button.show")) location.reload(); }, window);

  // One press is one request: the second is dropped until there is an answer.
  const busy = new WeakSet();
  on("submit", (e) => {
    const f = e.target;
    // The language switch asks for a whole page: htmx must not see it.
    if (e.submitter?.hasAttribute("formaction")) return e.stopPropagation();
    if (busy.has(f)) { e.preventDefault(); return e.stopPropagation(); }
    busy.add(f); setTimeout(() => busy.delete(f), 5e3);
  });
  on("htmx:afterRequest", (e) => busy.delete(e.detail.elt));
  // Of a look that repeats itself only what came is shown: after one that failed comes the next.
  on("htmx:beforeSwap", (e) => { if (e.detail.isError && e.detail.elt.matches("[data-hx-trigger^=every]")) e.detail.shouldSwap = false; });
})();
