// Only in `loket serve --reload`: shows a saved edit, and what is wrong with it, at once.
(() => {
  const address = "/preview.json";
  let shown = null, told = "";
  const element = (name, text, children = []) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };
  const list = (problems) => element("ul", "", problems.map(({ text }) => element("li", text)));
  const tell = (problems) => {
    const errors = problems.filter(({ error }) => error);
    const advice = problems.filter(({ error, path }) => !error && (!path || path === location.pathname));
    document.querySelectorAll(".preview-problems, .preview-advice").forEach((box) => box.remove());
    if (advice.length) {
      const summary = element("summary", advice.length === 1 ? "1 thing to look at" : `${advice.length} things to look at`);
      const box = element("details", "", [summary, list(advice)]);
      box.className = "preview-advice";
      box.lang = "en";
      document.body.prepend(box);
    }
    if (errors.length) {
      const text = `Not shown yet: ${errors.length === 1 ? "1 thing" : `${errors.length} things`} to mend. The site is as it was before.`;
      const box = element("div", "", [element("p", text), list(errors)]);
      box.className = "preview-problems";
      box.lang = "en";
      box.setAttribute("role", "alert");
      document.body.prepend(box);
    }
  };
  const look = async () => {
    try {
      const { build, problems } = await (await fetch(address, { cache: "no-cache" })).json();
      const broken = problems.some(({ error }) => error);
      if (shown === null) shown = broken ? "" : build;
      if (!broken && build !== shown) return location.reload();
      const now = JSON.stringify(problems);
      if (now !== told) tell(problems);
      told = now;
    } catch { /* The server is starting again. */ }
    setTimeout(look, 60);
  };
  look();
})();
