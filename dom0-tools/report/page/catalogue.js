/* The whole catalogue: search, filter, sort; a row opens to what is known of it. */
const AT_ONCE = 400;   /* rows drawn before "show more" is pressed */

function histogram(cell) {
  const d = cell.distribution;
  if (!d || !d.length) return null;
  const binned = Array.isArray(d[2]), counts = binned ? d[2] : d.map((p) => p[1]), most = Math.max(...counts);
  const low = binned ? d[0] : d[0][0], high = binned ? d[1] : d[d.length - 1][0];
  const value = (i) => binned ? `about ${number(Math.round(low * (high / low) ** ((i + 0.5) / counts.length)))}` : number(d[i][0]);
  if (!binned && d.length === 1)
    return el("p", { class: "quiet", text: `All ${number(cell.samples)} samples took ${number(low)}.` });
  return el("div", { role: "img", "aria-label": `Distribution of ${cell.samples} samples from ${low} to ${high}` },
    el("div", { class: "hist" }, ...counts.map((c, i) => el("span", { title: `${value(i)}: ${number(c)} samples`,
      style: { height: c ? Math.max(c / most * 100, 4) + "%" : "0", background: colour(cell.column) } }))),
    el("div", { class: "ends" }, el("span", { text: number(low) }), el("span", { text: binned ? number(high) : `${d.length} values, ${number(high)}` })));
}

function share(layers) {
  if (!layers) return null;
  const all = layers.reduce((a, b) => a + b, 0) || 1;
  const parts = LAYERS.map((key, i) => [key, layers[i]]).filter(([, n]) => n);
  return el("div", {}, el("div", { class: "share", role: "img", "aria-label": "Who executed them: " + parts.map(([k, n]) => `${LAYER_NAMES[k]} ${(n / all * 100).toFixed(1)} %`).join(", ") },
    ...parts.map(([key, n]) => el("span", { title: `${LAYER_NAMES[key]}: ${number(n)}`, style: { width: n / all * 100 + "%", background: `var(--${key})` } }))),
  el("ul", { class: "key" }, ...parts.map(([key, n]) => el("li", {}, el("i", { style: { background: `var(--${key})` } }), `${LAYER_NAMES[key]} ${(n / all * 100).toFixed(1)} %`))));
}

function cellCard(row, cell) {
  const title = columns[cell.column].title;
  if (!measured(cell))
    return el("div", {}, el("h4", {}, title, el("span", { class: cell.status > 1 ? "bad" : "none", text: OUTCOMES[cell.status] })),
      el("p", { class: "quiet", text: cell.reason || "no reason given" }));
  const spread = cell.max > cell.min ? [["min", cell.min], ["median", cell.median], ["p90", cell.p90], ["p99", cell.p99], ["p99.9", cell.p999], ["max", cell.max]] : [];
  const facts = [...spread, ["first of a boot", cell.first]];
  const to = cell.to === null ? null : cells[cell.to];
  return el("div", {}, el("h4", {}, title, el("span", { class: "num", text: number(cell.median) })), histogram(cell),
    el("dl", {}, ...facts.flatMap(([k, v]) => [el("dt", { text: k }), el("dd", { text: number(v) })]),
      ...(spread.length ? [el("dt", { text: "95 % of the median" }), el("dd", { text: cell.low === cell.high ? "a point" : `${number(cell.low)} to ${number(cell.high)}` })] : []),
      el("dt", { text: "samples, boots" }), el("dd", { text: `${number(cell.samples)}, ${cell.boots}` }),
      el("dt", { text: "subtracted" }), el("dd", { text: number(cell.overhead) }),
      ...(cell.interrupted ? [el("dt", { text: "interrupted by Xen" }), el("dd", { text: number(cell.interrupted) })] : []),
      ...(to && to !== cell ? [el("dt", { text: "×" }), el("dd", { text: `${times(cell.ratio)} ${rows[to.row].name}, ${columns[to.column].title}` })] : [])),
    share(cell.layers));
}

/* One sentence after the other reads better than one block. */
const paragraphs = (text) => text.split(/\n\s*\n/).filter(Boolean).map((p) => el("p", { text: p.replace(/\s+/g, " ").trim() }));

/* Others' figures stand beside a row's, in no ratio with them. */
function published(row) {
  if (!row.published || !row.published.length) return null;
  return el("div", { class: "published" }, el("h4", {}, "Published by others, in cycles of the CPU named"),
    el("ul", {}, ...row.published.map(([cycles, what, on, source]) => el("li", {},
      el("span", { class: "num", text: number(cycles) + " cycles" }), `: ${what}; ${on}. `, el("span", { class: "quiet", text: source })))));
}

function details(row) {
  const others = rows.filter((r) => r.work === row.work && r !== row);
  const facts = [row.path, reaches(row), row.operations > 1 ? `${row.operations} operations a sample, figures per operation` : "",
    row.bytes ? bytes(row.bytes) + " an operation" : ""].filter(Boolean).join(" · ");
  const skipped = groupBy(row.cells.filter((c) => c && c.status === 1), (c) => c.reason);
  return el("td", { colspan: columns.length + 2 }, row.help ? el("p", {}, el("strong", { text: row.help })) : null,
    el("p", { class: "quiet", text: facts }), ...paragraphs(row.explanation || ""),
    ...[...skipped].map(([reason, list]) => el("p", { class: "quiet", text: `Not in ${list.map((c) => columns[c.column].title).join(", ")}: ${reason}` })),
    others.length ? el("p", { class: "quiet" }, "Same work: ", ...others.slice(0, 24).flatMap((r, i) => [i ? ", " : "", el("a", { href: "#" + encodeURIComponent(r.name), text: r.name })]),
      others.length > 24 ? ` and ${others.length - 24} more` : "") : null,
    el("div", { class: "per" }, ...row.cells.filter((c) => c && c.status !== 1).map((c) => cellCard(row, c))), published(row));
}

function figureCell(row, i) {
  const cell = row.cells[i], column = columns[i].title;
  if (!cell) return el("td", { class: "n empty", "data-column": column });
  if (!measured(cell))
    return el("td", { class: "n" + (cell.status === 1 ? " empty" : ""), "data-column": column },
      el("span", { class: cell.status === 1 ? "none" : "bad", title: cell.reason, text: cell.status === 1 ? "–" : OUTCOMES[cell.status] }));
  const spread = cell.median ? (cell.p99 - cell.median) / cell.median * 100 : 0;
  return el("td", { class: "n" + (cell.ratio === 1 ? " low" : ""), "data-column": column }, number(cell.median),
    spread >= 10 ? el("small", { title: "p99 above the median", text: `+${spread < 1000 ? spread.toFixed(0) : short(spread)} %` }) : null);
}

function catalogue() {
  if (!rows.length) return null;
  const state = { text: "", group: "", work: "", measured: true, sort: -2, down: false, limit: AT_ONCE };
  const body = el("tbody"), count = el("p", { class: "quiet num", role: "status" });
  const more = el("button", { type: "button", class: "more", text: "Show all", onclick: () => { state.limit = Infinity; draw(); } });
  const heads = [];
  const key = (row) => state.sort === -1 ? row.work : state.sort === -2 ? null : measured(row.cells[state.sort]) ? row.cells[state.sort].median : Infinity;

  function shown() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const list = rows.filter((r) => (!state.group || r.name.startsWith(state.group + "/")) && (!state.work || r.work === state.work) &&
      (!state.measured || r.cells.some((c) => c && c.status !== 1)) &&
      words.every((w) => `${r.name} ${r.work} ${r.path} ${r.help}`.toLowerCase().includes(w)));
    if (state.sort > -2) {
      const down = state.down ? -1 : 1;
      list.sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === y) return 0;
        if (x === Infinity || y === Infinity) return x === Infinity ? 1 : -1;   /* what has no figure stays below */
        return (x < y ? -1 : 1) * down;
      });
    } else if (state.down) list.reverse();
    return list;
  }
  function toggle(button, line, row) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) line.nextSibling.remove();
    else line.after(el("tr", { class: "details" }, details(row)));
  }
  function rowLine(row) {
    const button = el("button", { type: "button", class: "open name", "aria-expanded": "false", text: row.name });
    const line = el("tr", { id: "row:" + row.name, "data-name": row.name }, el("td", {}, button), el("td", { class: "work", text: row.work }), ...columns.map((_, i) => figureCell(row, i)));
    button.addEventListener("click", () => toggle(button, line, row));
    return line;
  }
  function draw() {
    const list = shown(), part = list.slice(0, state.limit);
    body.replaceChildren(...part.map(rowLine));
    count.textContent = `${number(list.length)} of ${number(rows.length)} rows` + (part.length < list.length ? `, the first ${number(part.length)} shown` : "");
    more.hidden = part.length === list.length;
  }
  function head(i, title, numeric) {
    const button = el("button", { type: "button", text: title, onclick: () => {
      state.down = state.sort === i ? !state.down : false;
      state.sort = i;
      for (const h of heads) { h.th.removeAttribute("aria-sort"); h.button.textContent = h.title; }
      th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      button.textContent = title + (state.down ? " ↓" : " ↑");
      draw();
    } });
    const th = el("th", { scope: "col", class: numeric ? "n" : null }, button);
    heads.push({ th, button, title });
    return th;
  }
  const option = (value, text) => el("option", { value, text: text || value });
  const groups = [...new Set(rows.map((r) => r.name.split("/")[0]))], works = [...new Set(rows.map((r) => r.work))].sort();
  const search = el("input", { type: "search", placeholder: "hypercall, virtio, 64 KiB …", oninput: (e) => { state.text = e.target.value; draw(); } });
  const only = el("input", { type: "checkbox", oninput: (e) => { state.measured = e.target.checked; draw(); } });
  const group = el("select", { oninput: (e) => { state.group = e.target.value; draw(); } }, option("", "all groups"), ...groups.map((g) => option(g)));
  const work = el("select", { oninput: (e) => { state.work = e.target.value; draw(); } }, option("", "all works"), ...works.map((w) => option(w)));
  only.checked = true;
  draw();

  /* A link to a row opens it, whatever is filtered. */
  window.addEventListener("hashchange", () => openRow(decodeURIComponent(location.hash.slice(1))));
  function openRow(name) {
    if (!rows.some((r) => r.name === name)) return;
    let line = document.getElementById("row:" + name);
    if (!line) {
      Object.assign(state, { text: "", group: "", work: "", measured: false, limit: Infinity });
      search.value = group.value = work.value = "";
      only.checked = false;
      draw();
      line = document.getElementById("row:" + name);
    }
    const button = line.querySelector(".open");
    if (button.getAttribute("aria-expanded") === "false") button.click();
    button.focus({ preventScroll: true });
    line.scrollIntoView({ block: "start" });
  }
  if (location.hash) setTimeout(() => openRow(decodeURIComponent(location.hash.slice(1))), 0);

  return section("catalogue", "The whole catalogue", `Medians in ${unit} per operation; bold is the cheapest of its work. A small + says how far p99 lies above the median, from 10 % on. A row opens to its explanation and its samples.`,
    el("div", { class: "tools" }, el("label", {}, "Search", search), el("label", {}, "Group", group), el("label", {}, "Work", work),
      el("label", { class: "check" }, only, "measured only")),
    count, el("div", { class: "card catalogue" }, el("table", {}, el("thead", {}, el("tr", {}, head(-2, "Row"), head(-1, "Work"), ...columns.map((c, i) => head(i, c.title, true)))), body)), more);
}
