/* The order of the page, and its colours. */
function facts(pairs) {
  return el("dl", { class: "facts" }, ...pairs.flatMap(([k, v]) => [el("dt", { text: k }), el("dd", { text: v })]));
}
/* A long list of rows is folded. */
function note(text) {
  const colon = text.indexOf(": ");
  return text.length < 420 || colon < 0 || colon > 160 ? el("li", { text })
    : el("li", {}, el("details", {}, el("summary", { text: text.slice(0, colon) + " …" }), text.slice(colon + 2)));
}
function environment() {
  if (!data.environment) return null;
  return section("environment", "Where and how", null, el("div", { class: "card" }, facts(data.environment)),
    data.notes.length ? el("h3", { text: "What these figures are worth" }) : null,
    el("ul", { class: "notes" }, ...data.notes.map(note), data.source ? el("li", { text: data.source }) : null));
}

function theme() {
  const button = document.getElementById("theme"), names = ["as the system has them", "light", "dark"];
  let now = 0;
  try { now = Math.max(["", "light", "dark"].indexOf(localStorage.getItem("xenometer-theme") || ""), 0); } catch (e) { /* kept nowhere */ }
  const set = () => {
    if (now) document.documentElement.dataset.theme = names[now];
    else delete document.documentElement.dataset.theme;
    button.setAttribute("aria-label", `Colours: ${names[now]}`);
    button.title = `Colours: ${names[now]}`;
    button.textContent = "◐○●"[now];
  };
  button.addEventListener("click", () => {
    now = (now + 1) % 3;
    set();
    try { localStorage.setItem("xenometer-theme", now ? names[now] : ""); } catch (e) { /* kept nowhere */ }
  });
  set();
}

function main() {
  const sections = document.getElementById("sections"), contents = document.getElementById("contents");
  if (data.about) document.getElementById("clock").textContent = data.about[0];
  document.getElementById("place").textContent = (data.environment || []).filter(([k]) => ["Xen", "Started"].includes(k)).map(([k, v]) => k === "Xen" ? `Xen ${v}` : k === "Started" ? v.slice(0, 10) : v).join(" · ");
  const parts = data.kind === "compare" ? compareSections() : [headline(), traces(), sweeps(), catalogue(), claims(), environment()];
  sections.append(...parts.filter(Boolean));
  for (const s of document.querySelectorAll("section[data-title]"))
    contents.append(el("a", { href: "#" + s.id, text: s.dataset.title }));
  theme();
}
main();
