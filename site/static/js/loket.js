(() => {
  const d = document, here = d.currentScript.dataset, $ = (s, e = d) => e.querySelector(s);
  const on = (type, f, e = d) => e.addEventListener(type, f, true);
  const say = (what) => { const e = $("#say"); e.textContent = ""; setTimeout(() => e.textContent = e.dataset[what], 50); setTimeout(() => e.textContent = "", 9e3); };
  const follow = () => d.querySelectorAll("a.switch").forEach((a) => a.hash = location.hash);
  follow(); on("hashchange", follow, window);
  // The contents mark the question gone to while in view, else the last begun on the upper screen.
  const rows = [...d.querySelectorAll(".contents a")], top = (a) => d.getElementById(a.hash.slice(1)).getBoundingClientRect().top / innerHeight;
  const mark = () => {
    const now = rows.find((a) => a.hash == location.hash && top(a) > 0 && top(a) < .6) || rows.findLast((a) => top(a) < .3);
    rows.forEach((a) => a.ariaCurrent = a == now);
  };
  mark(); on("scroll", mark, window); on("hashchange", mark, window);

  // The header of a static page is asked for where the mark says that somebody is logged in, or it names one. That prolongs nothing.
  const marked = () => /(^|; )loket-in=/.test(d.cookie);
  const look = async (again) => {
    const old = $("header .account"), named = old?.matches("form");
    if (!old || d.hidden || (again ? !marked() && !named : marked() == named)) return;
    const answer = await fetch(`/${d.documentElement.lang}/self-service/sign-in/header`, { headers: { "HX-Request": "true" } });
    const piece = d.createElement("template"), now = $("header .account");
    piece.innerHTML = await answer.text();
    const fresh = $(".account", piece.content);
    if (!fresh || now.textContent == fresh.textContent) return;
    const focused = now.contains(d.activeElement);
    now.replaceWith(fresh);
    // Whoever it named is not logged in any more: nor is what is on the screen theirs to see.
    if (now.matches("form")) d.dispatchEvent(new Event("gone"));
    if (focused) $("a", fresh).focus();
  };
  const ask = (again) => look(again).catch(() => 0);
  ask(); on("visibilitychange", ask); on("pageshow", (e) => e.persisted && ask(e), window); setInterval(ask, 6e4, 1);

  // htmx comes at the first sign of use. What is pressed before it is there is done when it is, unless the page was left; in the
  // plain way when it does not come.
  let stage = 0;
  const waiting = new Map();
  const settle = () => { stage = 2; for (const act of waiting.values()) act(); waiting.clear(); };
  const load = () => {
    if (stage) return;
    stage = 1; setTimeout(settle, 5e3);
    // Who is not logged in has no state of their own to ask for.
    if (!marked()) d.querySelectorAll("[data-hx-trigger=load]").forEach((e) => e.removeAttribute("data-hx-get"));
    const s = d.createElement("script");
    s.onload = s.onerror = settle;
    // Once its own moment (DOMContentLoaded) is past, htmx only begins in a page that is complete.
    const fetch = () => { s.src = here.htmx; d.head.append(s); };
    d.readyState == "complete" ? fetch() : on("load", fetch, window);
  };
  const later = (e, act) => { if (stage < 2) { load(); waiting.set(e, act); return true; } };
  const hold = (e, element, act) => later(element, act) && (e.preventDefault(), e.stopImmediatePropagation());
  const repeat = (e, type) => later(e, () => e.dispatchEvent(new Event(type, { bubbles: true })));
  for (const type of ["focusin", "pointerover"]) on(type, (e) => e.target.closest?.("[data-hx-get], [data-hx-post]") && load());
  on("submit", (e) => {
    const f = e.target;
    // A click: htmx sends a button's value only when it saw that.
    if (f.matches("[data-hx-post]") && !e.submitter?.hasAttribute("formaction")) hold(e, f, () => e.submitter ? e.submitter.click() : f.requestSubmit());
  });
  on("input", (e) => { e.target.matches("[data-hx-trigger^=input]") && repeat(e.target, "input"); if (e.target.form?.matches("[role=search]")) { still = false; repeat(e.target.form, "ready"); } });
  on("pagehide", () => waiting.clear(), window);
  if ($("[data-hx-trigger^=every]") || marked() && $("[data-hx-trigger=load]")) load();

  // After Escape, and among the results, nothing under way may replace them.
  let still = false;
  const shut = () => { const e = $(".drop #search-results"), open = e?.firstChild; if (open) e.replaceChildren(); return open; };
  on("focusin", (e) => e.target.closest("[role=search]") || shut());
  on("keydown", (e) => {
    const form = e.target.closest("[role=search]"), step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!form || e.isComposing) return;
    const stops = [form.q, ...form.querySelectorAll(".drop a")], next = step && stops[Math.max(0, stops.indexOf(e.target)) + step];
    if (!next && e.key != "Escape") return;
    still = true; window.htmx?.trigger(form, "htmx:abort");
    // The browser may empty the field at the first Escape; here that is the second.
    if (next || shut()) e.preventDefault(); else form.q.value = "";
    (next || form.q).focus();
  });
  on("htmx:beforeRequest", (e) => {
    const form = e.target;
    if (!form.matches("[role=search]") || !still && form.q.value.trim()) return;
    e.preventDefault();
    if (!still) shut();
  });
  // On a phone: above the keyboard.
  on("htmx:load", (e) => { if (e.target.matches(".drop .results") && innerWidth < 736) e.target.closest("form").scrollIntoView({ behavior: "instant" }); });
  on("click", (e) => {
    const link = e.target.closest("a[data-hx-get]"), a = e.target.closest("a.anchor");
    if (!e.target.closest("[role=search]")) shut();
    if (link && !(e.ctrlKey || e.metaKey || e.shiftKey || e.altKey)) hold(e, link, () => link.click());
    if (a) navigator.clipboard?.writeText(a.href).then(() => say("copied"), () => 0);
  });
  on("htmx:beforeSwap", (e) => { if (/<html/i.test(e.detail.serverResponse)) { e.detail.shouldSwap = false; say("failed"); } });
  for (const type of ["sendError", "timeout"]) on("htmx:" + type, () => say("failed"));
})();
