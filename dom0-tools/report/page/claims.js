/* What is said of such figures, and whether they bear it out. */
function claimPart([says, measured, verdict, why]) {
  return el("li", {}, says, ": ", measured ? el("span", { class: "num", text: measured + ". " }) : null,
    el("b", { text: verdict }), why ? `: ${why}.` : ".");
}
function claimCard([id, text, source, parts]) {
  return el("details", { class: "claim" }, el("summary", {}, el("b", { text: id + " " }), text),
    el("ul", { class: "notes" }, ...parts.map(claimPart)), el("p", { class: "quiet", text: `Said by: ${source}.` }));
}
function claims() {
  return data.claims && data.claims.length ? section("claims", "Claims, judged", data.claimed,
    el("div", { class: "card" }, ...data.claims.map(claimCard))) : null;
}
