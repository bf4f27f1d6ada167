(() => {
  const d = document, here = d.currentScript.dataset, $ = (s, e = d) => e.querySelector(s);
  const on = (type, f, e = d) => e.addEventListener(type, f, true);
  const say = (what) => { const e = $("#say"); e.textContent = ""; setTimeout(() => e.textContent = e.dataset[what], 50); setTimeout(() => e.textContent = "", 9e3); };
  const link = $("a.switch"), contents = $(".contents details");
  const follow = () => { if (link) link.hash = location.hash; };
  const shut = () => { const e = $(".drop #search-results"); if (e && e.firstChild) e.replaceChildren(); };
  const show = (e) => e.querySelectorAll(".show").forEach((b) => b.hidden = false);
  follow(); on("hashchange", follow, window);
  if (contents && matchMedia("(min-width: 64rem)").matches) contents.open = true;
  show(d); on("htmx:load", (e) => show(e.target));

  on("focusin", (e) => {
    const form = e.target.closest("[role=search]");
    if (!form) return shut();
    if (window.htmx || $("script[data-late]")) return;
    const s = d.createElement("script");
    s.dataset.late = ""; d.head.append(s);
    s.onload = () => setTimeout(() => form.q.value && form.dispatchEvent(new Event("ready")), 50);
    // Once its own moment (DOMContentLoaded) is past, htmx only begins in a page that is complete.
    const fetch = () => s.src = here.htmx;
    d.readyState == "complete" ? fetch() : on("load", fetch, window);
  });
  on("keydown", (e) => { if (e.key == "Escape") shut(); });
  // Escape may also empty the field: that asks for nothing.
  on("htmx:beforeRequest", (e) => { if (e.target.matches("[role=search]") && !e.target.q.value.trim()) { e.preventDefault(); shut(); } });
  on("keyup", (e) => {
    if (e.target.type != "password" || !e.getModifierState) return;
    const hint = $(".caps", e.target.closest(".field"));
    if (hint) hint.textContent = e.getModifierState("CapsLock") ? hint.dataset.text : "";
  });

  on("click", (e) => {
    const a = e.target.closest("a.anchor, a.switch, button.show");
    if (!e.target.closest("[role=search]")) shut();
    if (!a) return;
    if (a.matches(".show")) {
      const input = d.getElementById(a.getAttribute("aria-controls")), hidden = input.type == "password";
      const name = a.textContent;
      input.type = hidden ? "text" : "password";
      a.textContent = a.dataset.hide; a.dataset.hide = name;
    } else if (a.matches(".anchor")) {
      navigator.clipboard?.writeText(a.href).then(() => say("copied"), () => 0);
    } else {
      const form = [...d.forms].find((f) => f.dataset.switchAction && (f.elements.checked || [...f.elements].some((i) => i.matches("input:not([type=hidden]), textarea") && i.value != i.defaultValue)));
      if (!form) return;
      e.preventDefault();
      const flag = d.createElement("input");
      flag.type = "hidden"; flag.name = "switch_language"; flag.value = "1";
      form.append(flag); form.action = form.dataset.switchAction; form.submit();
    }
  });

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
  on("htmx:beforeSwap", (e) => { if (/<html/i.test(e.detail.serverResponse)) { e.detail.shouldSwap = false; say("failed"); } });
  for (const type of ["sendError", "timeout"]) on("htmx:" + type, () => say("failed"));
})();
