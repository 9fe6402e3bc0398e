/* One crossing, taken apart: who runs after whom, and in which function. */
function traceSequence(trace) {
  const places = [];
  const index = (s) => {
    const name = layerName(s);
    let i = places.findIndex((p) => p.name === name && p.layer === s.layer);
    if (i < 0) i = places.push({ name, layer: s.layer, count: 0 }) - 1;
    places[i].count += s.instructions;
    return places[i];
  };
  const stages = trace.stages.map((s) => ({ ...s, place: index(s) }));
  places.sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer));
  const STEP = 30, HEAD = 62, COLUMN = 150, LEFT = 80, words = LEFT + places.length * COLUMN - 40;
  const W = words + 470, H = HEAD + stages.length * STEP + 12, x = (p) => LEFT + places.indexOf(p) * COLUMN;
  const s = picture(W, H, `Sequence of ${trace.row}: ` + stages.map((g) => `${g.place.name} ${g.instructions}`).join(", "));
  s.setAttribute("class", "sequence");
  for (const p of places)
    s.append(svg("line", { class: "gridline", x1: x(p), x2: x(p), y1: 44, y2: H, "stroke-dasharray": "4 4" }),
      svg("rect", { x: x(p) - 66, y: 4, width: 132, height: 40, rx: 5, fill: `var(--${p.layer})` }),
      svg("text", { x: x(p), y: 21, "text-anchor": "middle", fill: "var(--on-layer)", "font-weight": 600, text: p.name.length > 16 ? p.name.slice(0, 15) + "…" : p.name }),
      svg("text", { x: x(p), y: 37, "text-anchor": "middle", fill: "var(--on-layer)", text: number(p.count) }));
  stages.forEach((g, i) => {
    const y = HEAD + i * STEP, from = x(g.place), next = stages[i + 1], group = svg("g", g.tail ? { opacity: 0.55 } : {});
    group.append(svg("rect", { x: from - 5, y, width: 10, height: STEP, fill: `var(--${g.place.layer})` }));
    if (next) {
      const to = x(next.place), way = to > from ? 1 : -1, end = to - way * 6, line = y + STEP;
      group.append(svg("path", { d: `M${from + way * 5} ${line}H${end}M${end - way * 6} ${line - 4}L${end} ${line}L${end - way * 6} ${line + 4}`, fill: "none", stroke: "var(--text)", "stroke-width": 1.2 }),
        svg("text", { class: "strong", x: from + way * COLUMN / 2, y: line - 5, "text-anchor": "middle", text: number(g.instructions) }));
    } else group.append(svg("text", { class: "strong", x: from + 12, y: y + STEP / 2 + 4, text: number(g.instructions) }));
    group.append(svg("text", { x: words, y: y + STEP / 2 + 4, text: g.what.length > 64 ? g.what.slice(0, 63) + "…" : g.what }, svg("title", { text: g.what })));
    s.append(group);
  });
  return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Sequence diagram, scrolls sideways" }, s);
}

/* The tree of calls in the order of execution: equal neighbours are one box. */
function callTree(trace) {
  const root = { name: trace.row, layer: "", at: 0, count: 0, children: [], depth: 0 };
  const path = (stack) => {
    const list = [];
    for (let i = stack; i >= 0; i = trace.stacks[i][0]) list.unshift(i);
    return list;
  };
  let open = [], at = 0;
  for (const [stack, count] of trace.steps) {
    const now = path(stack);
    let same = 0;
    while (same < now.length && same < open.length && open[same].stack === now[same]) same++;
    open = open.slice(0, same);
    for (let k = same; k < now.length; k++) {
      const [, place, frame] = trace.stacks[now[k]], parent = k ? open[k - 1] : root;
      const box = { stack: now[k], name: frame < 0 ? layerName(trace.places[place]) : trace.frames[frame], layer: trace.places[place].layer, at, count: 0, children: [], parent, depth: k + 1 };
      parent.children.push(box);
      open.push(box);
    }
    for (const box of open) box.count += count;
    root.count += count;
    at += count;
  }
  return root;
}

function flame(trace) {
  const root = callTree(trace), W = 1080, ROW = 19;
  const holder = el("div", { class: "flame" }), told = el("p", { class: "told", role: "status" });
  let top = root, here = root;
  const tell = (b) => { told.textContent = b === root ? `${number(root.count)} instructions in order from left to right. Press a box to zoom, or arrow keys, Enter and Escape.`
    : `${b.name} (${LAYER_NAMES[b.layer]}): ${number(b.count)} instructions, ${(b.count / root.count * 100).toFixed(1)} %, from ${number(b.at)} on`; };
  function depthOf(box) { return box.children.reduce((d, c) => Math.max(d, depthOf(c)), box.depth); }
  function draw() {
    const s = picture(W, (depthOf(top) - top.depth + 1) * ROW + 2, `Flame graph of ${trace.row}; the table of functions has its figures`);
    const put = (b) => {
      const x = (b.at - top.at) / top.count * W, w = b.count / top.count * W;
      if (w < 0.4) return;
      const y = (b.depth - top.depth) * ROW + 1;
      const rect = svg("rect", { x: x.toFixed(2), y, width: w.toFixed(2), height: ROW - 1, fill: b.layer ? `var(--${b.layer})` : "var(--quiet)", onclick: () => zoom(b), onmouseenter: () => tell(b) },
        svg("title", { text: `${b.name}: ${number(b.count)}` }));
      s.append(rect);
      if (b === here) rect.setAttribute("class", "here");
      const fits = Math.floor((w - 6) / 6.7);
      if (fits > 2) s.append(svg("text", { x: (x + 3).toFixed(2), y: y + 13, fill: b.layer ? "var(--on-layer)" : "var(--card)", text: b.name.length > fits ? b.name.slice(0, fits - 1) + "…" : b.name }));
      for (const c of b.children) put(c);
    };
    put(top);
    holder.replaceChildren(s);
  }
  function zoom(b) { top = b === top && b.parent ? b.parent : b; here = b; tell(b); draw(); }
  function move(to) { if (to) { here = to; tell(here); draw(); } }
  const sibling = (b, way) => b.parent && b.parent.children[b.parent.children.indexOf(b) + way];
  const largest = (b) => b.children.reduce((m, c) => !m || c.count > m.count ? c : m, null);
  holder.tabIndex = 0;
  holder.setAttribute("role", "application");
  holder.setAttribute("aria-label", "Flame graph: arrows move, Enter zooms, Escape shows all");
  holder.addEventListener("keydown", (event) => {
    const keys = { ArrowDown: () => move(largest(here)), ArrowUp: () => here !== top && move(here.parent), ArrowLeft: () => here !== top && move(sibling(here, -1)), ArrowRight: () => here !== top && move(sibling(here, 1)), Enter: () => zoom(here), Escape: () => { top = here = root; tell(root); draw(); } };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  tell(root);
  draw();
  return el("div", {}, told, el("div", { class: "scroll" }, holder),
    el("button", { type: "button", class: "more", text: "Whole crossing", onclick: () => { top = here = root; tell(root); draw(); } }));
}

function functionTable(trace) {
  const list = [...trace.functions];
  return el("details", {}, el("summary", { text: "Functions, those that execute most" }), el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, ...["Function", "Where"].map((t) => el("th", { scope: "col" }, el("span", { text: t }))), ...["own", "with callees", "calls"].map((t) => el("th", { scope: "col", class: "n" }, el("span", { text: t }))))),
    el("tbody", {}, ...list.map((f) => el("tr", {}, el("td", { class: "name", text: f.function }), el("td", { text: layerName(f) }), ...[f.instructions, f.with_callees, f.calls].map((n) => el("td", { class: "n", text: number(n) }))))))));
}

function traceCard(trace) {
  const layers = LAYERS.map((k) => trace.layers[k] || 0), column = (data.columns || []).find((c) => c.key === trace.mode);
  return el("div", { class: "card" }, el("h3", {}, el("span", { class: "name", text: trace.row }), ` in ${column ? column.title : trace.mode}: ${number(trace.total)} instructions`),
    share(layers), trace.tail ? el("p", { class: "quiet", text: `${number(trace.tail)} of them run after the answer was ready (pale).` }) : null,
    traceSequence(trace), trace.steps && trace.steps.length ? flame(trace) : el("p", { class: "quiet", text: "This trace was written without its steps: no flame graph." }), functionTable(trace));
}

function traces() {
  if (!data.traces || !data.traces.length) return null;
  return section("traces", "Where the instructions go", "One crossing, taken apart: every instruction of one sample, by who executed it, in order. The number on an arrow is what its sender executed before it handed on.", ...data.traces.map(traceCard));
}
