"use strict";
/* What all parts of the page share.  Text becomes text nodes, never markup. */
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

/* An element: attributes by name, "class" and "text" among them, then children. */
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "text") e.textContent = value;
    else if (key === "style") for (const [p, v] of Object.entries(value)) e.style.setProperty(p, v);
    else if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}
function svg(name, attributes, ...children) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {}))
    if (key === "text") e.textContent = value;
    else if (key === "fill" || key === "stroke") e.style.setProperty(key, value);
    else if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value);
  e.append(...children.filter(Boolean));
  return e;
}
/* A picture: what it shows is told to those who do not see it. */
function picture(width, height, label) {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

const number = (n) => n.toLocaleString("en-US");
/* "27.5k" */
function short(n) {
  if (n < 10000) return number(Math.round(n));
  const unit = Math.min(Math.floor(Math.log10(n) / 3), 5), rest = n / 1000 ** unit;
  return (rest < 9.995 ? rest.toFixed(2) : rest < 99.95 ? rest.toFixed(1) : rest.toFixed(0)) + "kMGTP"[unit - 1];
}
/* A power of ten on an axis: "10k". */
const tick = (n) => (n < 1000 ? String(n) : n / 1000 ** Math.floor(Math.log10(n) / 3) + "kMGTP"[Math.floor(Math.log10(n) / 3) - 1]);
const times = (r) => (r < 9.95 ? r.toFixed(1) : r < 1000 ? r.toFixed(0) : short(r)) + "×";
const bytes = (n) => n >= 1 << 20 ? n / (1 << 20) + " MiB" : n >= 1024 ? n / 1024 + " KiB" : n + " B";
const colour = (i) => `var(--c${i % 8})`;
const say = (text) => { document.getElementById("say").textContent = text; };

/* A section with its heading; it is in the contents by its title. */
function section(id, title, lead, ...children) {
  return el("section", { id, "data-title": title }, el("h2", { text: title }),
    lead ? el("p", { class: "lead", text: lead }) : null, ...children);
}

/* Buttons of which one is pressed. */
function choice(label, names, chosen, change) {
  const group = el("div", { class: "choose", role: "group", "aria-label": label });
  names.forEach((name, i) => group.append(el("button", { type: "button", text: name, "aria-pressed": String(i === chosen),
    onclick: (event) => {
      for (const b of group.children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
      change(i);
    } })));
  return names.length > 1 ? group : null;
}

/* The decades of a logarithmic scale from `low` to `high`; share(v) is where v lies on it. */
function scale(low, high) {
  const from = Math.floor(Math.log10(Math.max(low, 1))), to = Math.max(Math.ceil(Math.log10(Math.max(high, 1))), from + 1);
  return { from, to, ticks: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)),
    share: (v) => Math.min(Math.max((Math.log10(Math.max(v, 1)) - from) / (to - from), 0), 1) };
}

/* The cells of a report, by what stands where (page_data.c). */
const CELL = ["row", "column", "status", "reason", "samples", "min", "median", "p90", "p99", "p999", "max", "low", "high",
  "first", "overhead", "interrupted", "boots", "distribution", "layers", "ratio", "to"];
const ROW = ["name", "work", "path", "flags", "operations", "bytes", "help", "explanation", "against", "published"];
const LAYERS = ["guest", "xen", "dom0_kernel", "dom0_user", "idle", "guest_kernel", "kvm"];
const LAYER_NAMES = { guest: "guest", xen: "Xen", dom0_kernel: "dom0's kernel", dom0_user: "dom0's processes", idle: "idle", guest_kernel: "guest kernel", kvm: "KVM" };
const OUTCOMES = ["success", "skip", "error", "failure"];
const named = (names, list) => Object.fromEntries(list.map((v, i) => [names[i], v]));
const layerName = (place) => place.process || LAYER_NAMES[place.layer];
const unit = data.clock || "ticks";
