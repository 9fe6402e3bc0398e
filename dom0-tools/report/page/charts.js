/* Bars of the headline works, and lines of the sweeps. */
const columns = data.columns || [];
const rows = (data.rows || []).map((r) => {
  const row = named(ROW, r);
  row.work = data.strings[row.work];
  row.path = data.strings[row.path];
  row.cells = [];
  return row;
});
const cells = (data.cells || []).map((c) => {
  const cell = named(CELL, c);
  cell.reason = data.strings[cell.reason];
  rows[cell.row].cells[cell.column] = cell;
  return cell;
});
const measured = (cell) => cell && cell.status === 0;
const HEADLINE = 1, DOM0 = 2, BLOCKS = 4, BATCHES = 8;
const reaches = (row) => [row.flags & DOM0 ? "reaches dom0" : "", row.flags & BLOCKS ? "waits" : ""].filter(Boolean).join(", ");

function groupBy(list, key) {
  const groups = new Map();
  for (const item of list) {
    if (!groups.has(key(item))) groups.set(key(item), []);
    groups.get(key(item)).push(item);
  }
  return groups;
}

function bar(cell, on) {
  const column = columns[cell.column], end = on.share(cell.median);
  const tail = cell.p99 > cell.median;
  return el("div", { class: "bar", title: `${column.title}: median ${number(cell.median)}, p99 ${number(cell.p99)}, largest of ${number(cell.samples)} samples ${number(cell.max)}` },
    el("b", { text: column.title }),
    el("div", { class: "track", style: { "--step": 100 / (on.to - on.from) + "%" } },
      el("div", { class: "fill", style: { width: end * 100 + "%", background: colour(cell.column) } }),
      tail ? el("div", { class: "tails", style: { left: end * 100 + "%", width: (on.share(cell.p99) - end) * 100 + "%" } }) : null),
    el("span", { class: "num" }, el(cell.ratio === 1 ? "em" : "b", { text: number(cell.median) }),
      cell.ratio > 1 ? el("span", { text: times(cell.ratio) }) : null));
}

function workCard(work, list) {
  const all = list.flatMap((r) => r.cells.filter(measured));
  const on = scale(Math.min(...all.map((c) => c.median)) / 2, Math.max(...all.map((c) => c.p99)));
  const card = el("div", { class: "card work-card" }, el("h3", { text: work }));
  const bars = el("div", { class: "bars" }, el("div", { class: "axis", "aria-hidden": "true" },
    ...on.ticks.map((t) => el("span", { text: tick(t), style: { left: on.share(t) * 100 + "%" } }))));
  for (const row of list)
    bars.append(el("div", { class: "path" }, el("a", { href: "#" + encodeURIComponent(row.name), class: "name", text: row.name }),
      el("small", { text: row.path + (row.operations > 1 ? ` · ${row.operations} together, per operation` : "") })),
      el("div", { class: "lines" }, ...row.cells.filter(measured).map((c) => bar(c, on))));
  card.append(bars);
  return card;
}

function headline() {
  const shown = rows.filter((r) => r.flags & HEADLINE && r.cells.some(measured));
  const works = [...groupBy(shown, (r) => r.work)].filter(([, list]) => list.flatMap((r) => r.cells.filter(measured)).length > 1)
    .sort((a, b) => b[1].length - a[1].length);   /* those with most paths first */
  if (!works.length) return null;
  const used = columns.map((c, i) => [c, i]).filter(([, i]) => shown.some((r) => measured(r.cells[i])));
  return section("paths", "Same work, different paths",
    `Medians in ${unit} per operation, on a logarithmic scale: a step of the grid is ten times as much. Bold is the cheapest of a work; × says how many times it another path costs.`,
    el("ul", { class: "key" }, ...used.map(([c, i]) => el("li", {}, el("i", { style: { background: colour(i) } }), c.title)),
      el("li", {}, el("i", { class: "tail" }), "tail: 99 of 100 samples lie below its end")),
    ...works.slice(0, 40).map(([work, list]) => workCard(work, list)));
}

/* ---------------------------------------------------------------- lines -- */

/* lines: [name, points [[x, y], …], colour]; both axes are logarithmic. */
function lineChart(lines, what, label) {
  const W = 560, H = 320, L = 52, R = 118, T = 12, B = 42;
  const xs = [...new Set(lines.flatMap((l) => l[1].map((p) => p[0])))].sort((a, b) => a - b);
  const ys = lines.flatMap((l) => l[1].map((p) => Math.max(p[1], 1)));
  const on = scale(Math.min(...ys), Math.max(...ys));
  const x0 = Math.log(Math.max(xs[0], 1)), x1 = Math.log(Math.max(xs[xs.length - 1], 2));
  const x = (v) => L + (Math.log(Math.max(v, 1)) - x0) / (x1 - x0 || 1) * (W - L - R);
  const y = (v) => H - B - on.share(v) * (H - T - B);
  const s = picture(W, H, label);
  for (const t of on.ticks)
    s.append(svg("line", { class: "gridline", x1: L, x2: W - R, y1: y(t), y2: y(t) }),
      svg("text", { x: L - 8, y: y(t) + 4, "text-anchor": "end", text: tick(t) }));
  let last = -99;
  for (const v of xs)
    if (x(v) - last > 38) {
      last = x(v);
      s.append(svg("text", { x: x(v), y: H - B + 18, "text-anchor": "middle", text: what === "bytes" ? bytes(v) : number(v) }));
    }
  s.append(svg("text", { x: (L + W - R) / 2, y: H - 6, "text-anchor": "middle", text: what }));
  /* Names at the ends of their lines, moved apart where they would overlap. */
  const ends = lines.map((l, i) => ({ i, y: y(l[1][l[1].length - 1][1]) })).sort((a, b) => a.y - b.y);
  ends.forEach((e, k) => { if (k && e.y < ends[k - 1].y + 14) e.y = ends[k - 1].y + 14; });
  const over = ends.length ? ends[ends.length - 1].y - (H - B) : 0;
  if (over > 0) for (const e of ends) e.y -= over;
  const at = new Map(ends.map((e) => [e.i, e.y]));
  lines.forEach(([name, points, c], i) => {
    const path = points.map((p, k) => `${k ? "L" : "M"}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join("");
    s.append(svg("path", { d: path, fill: "none", stroke: c, "stroke-width": 2.2, "stroke-linejoin": "round" }));
    for (const p of points)
      s.append(svg("circle", { cx: x(p[0]), cy: y(p[1]), r: 3.4, fill: c },
        svg("title", { text: `${name}, ${what === "bytes" ? bytes(p[0]) : number(p[0]) + " " + what}: ${number(p[1])}` })));
    s.append(svg("text", { class: "strong", x: W - R + 8, y: at.get(i) + 4, text: name.length > 18 ? name.slice(0, 17) + "…" : name }));
    const end = points[points.length - 1];
    s.append(svg("path", { d: `M${x(end[0]) + 5} ${y(end[1])}L${W - R + 5} ${at.get(i)}`, stroke: c, fill: "none", "stroke-width": 1, opacity: 0.6 }));
  });
  return s;
}

function sweepCard(sweep) {
  const keys = columns.filter((c) => sweep.lines.some((l) => l[1] === c.key));
  const count = (key) => sweep.lines.filter((l) => l[1] === key).length;
  const alone = new Set(sweep.lines.map((l) => l[0])).size === 1;
  const holder = el("div", {});
  const draw = (lines, which) => {
    const label = `${sweep.group}: ${unit} per operation by ${sweep.what}, ${which}. ` +
      lines.map((l) => `${l[0]}: ${l[1].map((p) => `${p[0]}: ${p[1]}`).join(", ")}`).join("; ");
    holder.replaceChildren(lineChart(lines, sweep.what, label));
  };
  const title = sweep.group + (alone && sweep.lines[0][0] ? "/" + sweep.lines[0][0] : "");
  const card = el("div", { class: "card" }, el("div", { class: "card-head" },
    el("h3", { text: `${title}, by ${sweep.what === "how many" ? "number" : sweep.what}` })));
  if (alone) {
    draw(sweep.lines.map((l) => {
      const i = columns.findIndex((c) => c.key === l[1]);
      return [columns[i].title, l[2], colour(i)];
    }), "by kind of domain");
    card.append(holder);
    return card;
  }
  /* Several paths: those of one kind of domain, at first of the one that has most. */
  const show = (i) => draw(sweep.lines.filter((l) => l[1] === keys[i].key).map((l, k) => [l[0], l[2], colour(k)]), keys[i].title);
  let most = 0;
  keys.forEach((k, i) => { if (count(k.key) > count(keys[most].key)) most = i; });
  const buttons = choice("Kind of domain", keys.map((k) => k.title), most, show);
  show(most);
  if (buttons) card.firstChild.append(buttons);
  card.append(holder);
  return card;
}

function sweeps() {
  if (!data.sweeps || !data.sweeps.length) return null;
  return section("sweeps", "Deeper, larger, more",
    `The same path with more requests in flight, larger ones, or more of something: median ${unit} per operation; both scales are logarithmic.`,
    el("div", { class: "charts" }, ...data.sweeps.map(sweepCard)));
}
