/*
 * Put behind main() of a report by tests/browser/check: what a reader would see, checked where it is
 * drawn.  Each line of its answer is "ok WHAT" or "not ok WHAT: WHY".
 */
(function () {
  const drawn = (document.body.offsetHeight, performance.now());
  const lines = [], wanted = new URLSearchParams(location.search);
  const check = (what, good, why) => lines.push(good ? `ok ${what}` : `not ok ${what}: ${why}`);
  const all = (selector, from) => [...(from || document).querySelectorAll(selector)];
  const type = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };

  check(`drawn after ${Math.round(drawn)} ms`, drawn > 0, "it is not");
  check("one answer", all("h1").length === 1 && document.querySelector("h1").textContent.length > 20, "no h1");
  check("clock said", document.getElementById("clock").textContent.length > 10, "nothing about the clock");
  check("nothing ran that stood in the data", !window.evil && all("img, iframe, object, script:not([nonce])").length === 0, "markup of the data is in the page");
  check("no sideways scrolling", document.documentElement.scrollWidth <= innerWidth, `${document.documentElement.scrollWidth} of ${innerWidth}`);
  check("sections in the contents", all("#contents a").length === all("section[data-title]").length && all("#contents a").every((a) => document.getElementById(a.hash.slice(1))), "they differ");

  /* ---- bars: as long as their figure's logarithm says ---- */
  if (data.kind === "report") {
    let bars = 0, bad = "";
    for (const card of all(".work-card")) {
      const ticks = all(".axis span", card).map((s) => parseFloat(s.style.left));
      const decades = ticks.length - 1, first = all(".axis span", card)[0].textContent;
      const low = { k: 3, M: 6, G: 9 }[first.slice(-1)] || 0, from = low + String(parseInt(first, 10)).length - 1;
      for (const bar of all(".bar", card)) {
        const value = Number(bar.querySelector(".num").firstChild.textContent.replace(/,/g, ""));
        const share = Math.max((Math.log10(Math.max(value, 1)) - from) / decades, 0);
        const track = bar.querySelector(".track").getBoundingClientRect(), fill = bar.querySelector(".fill").getBoundingClientRect();
        bars++;
        if (Math.abs(fill.width - Math.max(share * track.width, 2)) > 1.5) bad = bad || `${value}: ${fill.width} of ${track.width}, not ${share}`;
      }
    }
    check(`${bars} bars at the right lengths`, bars > 0 && !bad, bad || "none");

    /* ---- the catalogue ---- */
    const table = document.querySelector("#catalogue table"), body = table.tBodies[0];
    const shown = () => [...body.rows].filter((r) => !r.classList.contains("details"));
    const figures = () => shown().map((r) => r.cells[2].firstChild && r.cells[2].firstChild.nodeType === 3 ? Number(r.cells[2].firstChild.textContent.replace(/,/g, "")) : null).filter((v) => v !== null && !isNaN(v));
    const sorted = (list, way) => list.every((v, i) => !i || (v - list[i - 1]) * way >= 0);
    check("the catalogue fits its frame", table.scrollWidth <= table.parentNode.clientWidth, `${table.scrollWidth} of ${table.parentNode.clientWidth}`);
    const head = table.tHead.rows[0].cells[2].querySelector("button"), count = shown().length;
    head.click();
    check("sorted upwards", figures().length > 1 && sorted(figures(), 1) && head.parentNode.getAttribute("aria-sort") === "ascending", figures().slice(0, 9).join());
    head.click();
    check("sorted downwards", sorted(figures(), -1) && head.parentNode.getAttribute("aria-sort") === "descending", figures().slice(0, 9).join());
    table.tHead.rows[0].cells[0].querySelector("button").click();
    const search = document.querySelector("#catalogue input[type=search]"), word = rows[rows.length - 1].name;
    type(search, word);
    check("searched", shown().length >= 1 && shown().length < count && shown().every((r) => r.dataset.name.includes(word)), `${shown().length} rows`);
    type(search, "no such row anywhere");
    check("nothing found is said", shown().length === 0 && /^0 of/.test(document.querySelector("#catalogue [role=status]").textContent), "it is not");
    type(search, "");
    const group = document.querySelector("#catalogue select");
    type(group, group.options[1].value);
    check("filtered by group", shown().length > 0 && shown().every((r) => r.dataset.name.startsWith(group.value + "/")), "others are there");
    type(group, "");
    check("all again", shown().length === count, `${shown().length} of ${count}`);
    const line = shown().find((r) => r.cells.length > 2), open = line.querySelector(".open");
    open.click();
    check("a row opens", open.getAttribute("aria-expanded") === "true" && line.nextSibling.classList.contains("details") && line.nextSibling.textContent.length > 40, "nothing below it");
    open.click();
    check("and closes", !line.nextSibling || !line.nextSibling.classList.contains("details"), "it is still there");
    const theirs = shown().find((r) => r.dataset.name === "hypercall/null" && r.cells.length > 2);
    if (theirs) {
      theirs.querySelector(".open").click();
      check("published figures, with their CPU", /1,300 cycles.*E5-2450/.test(theirs.nextSibling.textContent), theirs.nextSibling.textContent.slice(-200));
      theirs.querySelector(".open").click();
    }
    if (wanted.has("open")) for (const b of all(".open").slice(0, 3)) b.click();
    check("sweeps are lines", !data.sweeps.length || all("#sweeps svg path").length >= data.sweeps.length, "none");
    for (const trace of data.traces) {
      const holder = document.querySelector(".flame"), told = holder && holder.parentNode.parentNode.querySelector(".told"), before = told && told.textContent;
      if (holder) holder.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
      check(`flame graph by keyboard (${trace.row})`, holder && told.textContent !== before, "nothing is told");
    }
  } else {
    const sizes = all("#changes tbody tr").length;
    check("changes are listed", sizes === data.changes.filter((c) => c[4].some((s) => s !== c[4][0]) || c[3].some((m) => m !== c[3][0])).length || sizes === 400, `${sizes}`);
  }

  /* ---- keyboard, names, contrast: WCAG 2.1 AA ---- */
  const named = (e) => (e.getAttribute("aria-label") || e.textContent || (e.labels && e.labels.length) || "").toString().trim() !== "";
  check("what can be pressed has a name", all("button, a, input, select").every(named), all("button, a, input, select").filter((e) => !named(e)).map((e) => e.outerHTML).slice(0, 3).join());
  check("pictures are described", all("svg, [role=img]").every((e) => e.getAttribute("aria-label")), "one is not");
  check("no tab order of its own", all("[tabindex]").every((e) => e.tabIndex === 0), "there is one");
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const contrast = (a, b) => { const x = light(a), y = light(b); return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  function contrasts(theme) {
    let worst = 99, where = "", texts = 0;
    for (const e of all("body *")) {
      if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || ["SCRIPT", "NOSCRIPT", "STYLE", "title"].includes(e.tagName)) continue;
      const style = getComputedStyle(e);
      if (style.visibility === "hidden" || style.display === "none" || !e.getClientRects().length) continue;
      const inSvg = e.ownerSVGElement, onBox = inSvg && e.style.fill.includes("--on-layer");
      if (onBox || (inSvg && e.closest(".flame"))) continue;   /* on boxes: below */
      texts++;
      const c = contrast(parse(inSvg ? style.fill : style.color), ground(inSvg || e));
      const enough = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      if (c < enough && c < worst) { worst = c; where = e.outerHTML.slice(0, 90); }
    }
    check(`contrast of ${texts} texts, ${theme}`, texts > 20 && worst === 99, `${worst.toFixed(2)} in ${where}`);
    const probe = el("i", {});
    document.body.append(probe);
    const of = (name) => { probe.style.backgroundColor = `var(--${name})`; return parse(getComputedStyle(probe).backgroundColor); };
    const card = of("card"), words = of("on-layer");
    const bars = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => ["c" + i, contrast(of("c" + i), card), 3]);
    const layers = ["guest", "xen", "dom0_kernel", "dom0_user"].map((n) => [n, contrast(of(n), words), 4.5]);
    const low = [...bars, ...layers].filter(([, c, least]) => c < least);
    check(`contrast of bars and layers, ${theme}`, !low.length, low.map(([n, c]) => `${n} ${c.toFixed(2)}`).join(", "));
    probe.remove();
  }
  const button = document.getElementById("theme");
  for (const theme of ["light", "dark"]) {
    button.click();
    check(`theme ${theme}`, document.documentElement.dataset.theme === theme && (light(parse(getComputedStyle(document.body).backgroundColor)) > 0.5) === (theme === "light"), getComputedStyle(document.body).backgroundColor);
    contrasts(theme);
  }
  button.click();
  /* For a picture: one section alone, its rows open. */
  if (wanted.has("only"))
    for (const s of all(".answer, main section, nav")) if (s.id !== wanted.get("only")) s.remove();
  document.body.append(el("pre", { id: "checked", hidden: true, text: lines.join("\n") }));
}());
