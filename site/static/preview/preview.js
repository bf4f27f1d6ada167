// Only in `loket serve --reload`: shows a saved edit, or what is wrong with it, at once.
(() => {
  const address = "/preview.txt";
  let shown = null;
  const problems = (text) => {
    let box = document.querySelector(".preview-problems");
    if (!box) { box = document.createElement("pre"); box.className = "preview-problems"; box.setAttribute("role", "alert"); document.body.prepend(box); }
    box.textContent = text;
  };
  const look = async () => {
    try {
      const text = await (await fetch(address, { cache: "no-store" })).text();
      const [build, ...rest] = text.split("\n");
      if (rest.join("").trim()) problems(rest.join("\n").trim());
      else if (shown !== null && build !== shown) return location.reload();
      shown = build;
    } catch { /* The server is starting again. */ }
    setTimeout(look, 80);
  };
  look();
})();
