/* Two or more results files side by side, what changed most first. */
const percentOf = (a, b) => (b - a) / (a || 1) * 100;
/* A file by its name alone, where that tells them apart. */
if (data.files) {
  const short = data.files.map((f) => f.name.replace(/^.*\//, "").replace(/\.json$/, ""));
  if (new Set(short).size === short.length) data.files.forEach((f, i) => { f.name = short[i]; });
}
function changeText(a, b) {
  const p = percentOf(a, b);
  if (a === b) return "same";
  return (p > 0 ? "+" : "−") + (Math.abs(p) < 0.1 ? "<0.1" : Math.abs(p) < 10 ? Math.abs(p).toFixed(1) : number(Math.round(Math.abs(p)))) + " %";
}

function changeLine(c, most) {
  const [name, mode, , medians, statuses, interval] = c.line;
  const figures = medians.map((m, i) => el("td", { class: "n", "data-column": data.files[i].name },
    m !== null ? number(m) : el("span", { class: statuses[i] === "error" || statuses[i] === "failure" ? "bad" : "none", text: statuses[i] === null ? "not there" : statuses[i] === "skip" ? "–" : statuses[i] })));
  const bars = el("td", { class: "changes" });
  medians.slice(1).forEach((m, i) => {
    if (m === null || medians[0] === null || m === medians[0]) return;
    const share = Math.log(m / medians[0]) / Math.log(most) * 50;
    bars.append(el("div", { class: "change", title: interval ? `95 % of the ratio: ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}` : null },
      el("span", { style: { left: Math.min(50, 50 + share) + "%", width: Math.abs(share) + "%", background: share > 0 ? "var(--c2)" : "var(--c1)" } })));
  });
  return el("tr", {}, el("td", { class: "name", text: name }), el("td", { text: mode }), ...figures,
    ...medians.slice(1).map((m, i) => el("td", { class: "n", "data-column": data.files.length > 2 ? data.files[i + 1].name : "change", text: m === null || medians[0] === null ? "" : changeText(medians[0], m) })), bars);
}

function changeTable() {
  const all = data.changes.map((line) => {
    const [, , , medians, statuses] = line, first = medians[0];
    const ratios = medians.slice(1).filter((m) => m !== null && first !== null).map((m) => Math.abs(Math.log(Math.max(m, 1) / Math.max(first, 1))));
    /* A row that is gone or no longer succeeds comes before any figure. */
    const other = statuses.some((s) => s !== statuses[0]);
    return { line, size: other ? Infinity : Math.max(0, ...ratios), changed: other || ratios.some((r) => r > 0) };
  });
  all.sort((a, b) => b.size === a.size ? 0 : b.size - a.size);
  const finite = all.filter((c) => c.size !== Infinity), most = Math.exp(Math.max(finite.length ? finite[0].size : 0, Math.log(1.1)));
  const state = { text: "", all: false, limit: AT_ONCE }, body = el("tbody"), count = el("p", { class: "quiet num", role: "status" });
  const more = el("button", { type: "button", class: "more", text: "Show all", onclick: () => { state.limit = Infinity; draw(); } });
  function draw() {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const list = all.filter((c) => (state.all || c.changed) && words.every((w) => `${c.line[0]} ${c.line[1]} ${c.line[2]}`.toLowerCase().includes(w)));
    const part = list.slice(0, state.limit);
    body.replaceChildren(...part.map((c) => changeLine(c, most)));
    count.textContent = `${number(list.length)} of ${number(all.length)} figures`;
    more.hidden = part.length === list.length;
  }
  const only = el("input", { type: "checkbox", oninput: (e) => { state.all = e.target.checked; draw(); } });
  draw();
  const head = (text, numeric) => el("th", { scope: "col", class: numeric ? "n" : null }, el("span", { text }));
  const later = data.files.slice(1).map((f) => data.files.length > 2 ? `${f.name}, change` : "change");
  return section("changes", "What changed", `Medians in ${unit} per operation, what changed most first; the bar to the right is more, to the left less, on a logarithmic scale that ends at ${times(most)}.`,
    el("div", { class: "tools" }, el("label", {}, "Search", el("input", { type: "search", oninput: (e) => { state.text = e.target.value; draw(); } })), el("label", { class: "check" }, only, "also what did not")),
    count, el("div", { class: "card catalogue" }, el("table", {}, el("thead", {}, el("tr", {}, head("Row"), head("In"), ...data.files.map((f) => head(f.name, true)), ...later.map((t) => head(t, true)), head("less, more"))), body)), more);
}

/* Functions that execute more or less in the second trace of a row than in the first. */
function functionChanges(first, second) {
  const key = (f) => `${layerName(f)}\n${f.function}`, before = new Map(first.functions.map((f) => [key(f), f])), after = new Map(second.functions.map((f) => [key(f), f]));
  const list = [...new Set([...before.keys(), ...after.keys()])].map((k) => {
    const a = before.get(k), b = after.get(k);
    return { f: a || b, a: a ? a.instructions : 0, b: b ? b.instructions : 0 };
  }).filter((c) => c.a !== c.b).sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a)).slice(0, 30);
  return el("div", { class: "card" }, el("h3", {}, el("span", { class: "name", text: first.row }), ` in ${first.mode}${second.mode !== first.mode ? " and " + second.mode : ""}: ${number(first.total)}, then ${number(second.total)} instructions`),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...["Function", "Where"].map((t) => el("th", { scope: "col" }, el("span", { text: t }))), ...["before", "after", "difference"].map((t) => el("th", { scope: "col", class: "n" }, el("span", { text: t }))))),
      el("tbody", {}, ...list.map((c) => el("tr", {}, el("td", { class: "name", text: c.f.function }), el("td", { text: layerName(c.f) }), ...[number(c.a), number(c.b), (c.b > c.a ? "+" : "−") + number(Math.abs(c.b - c.a))].map((t) => el("td", { class: "n", text: t }))))))));
}

function comparedTraces() {
  const pairs = [...groupBy(data.compared || [], (t) => t.row).values()].filter((l) => l.length > 1);
  return pairs.length ? section("functions", "The functions responsible", "Of rows of which two traces were given, in their order: what executes more or less, most first.", ...pairs.map((l) => functionChanges(l[0], l[l.length - 1]))) : null;
}

function comparedFiles() {
  const keys = [...new Set(data.files.flatMap((f) => f.environment.map(([k]) => k)))];
  const of = (f, k) => (f.environment.find(([n]) => n === k) || [k, "–"])[1];
  return section("environment", "Measured where and how", "What differs is in bold.", el("div", { class: "card scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", {}, el("span", { text: "" })), ...data.files.map((f) => el("th", { scope: "col" }, el("span", { text: f.name }))))),
    el("tbody", {}, ...keys.map((k) => {
      const values = data.files.map((f) => of(f, k)), differ = values.some((v) => v !== values[0]);
      return el("tr", {}, el("th", { scope: "row", text: k }), ...values.map((v) => el("td", {}, differ ? el("b", { text: v }) : v)));
    })))), el("ul", { class: "notes" }, ...data.about.slice(1).map((n) => el("li", { text: n }))));
}

function compareSections() {
  return data.kind === "compare" ? [changeTable(), comparedTraces(), comparedFiles()] : [];
}
