/* Put at the end of a lesson's page by tests/browser/check: as check.js. */
addEventListener("load", () => {
  const lines = [];
  const check = (what, good, why) => lines.push(good ? `ok ${what}` : `not ok ${what}: ${why}`);
  const all = (selector) => [...document.querySelectorAll(selector)];

  check("one head", all("h1").length === 1 && document.title.length > 10, document.title);
  check("no sideways scrolling", document.documentElement.scrollWidth <= innerWidth, `${document.documentElement.scrollWidth} of ${innerWidth}`);
  check("pictures are drawn, and told", all("img").every((i) => i.naturalWidth > 100 && i.alt.length > 20), "an empty one");
  check("links lead somewhere", all("a").length > 0 && all("a").every((a) => /^(index|\d\d)\.html$|^\d\d-\d+\.svg$/.test(a.getAttribute("href"))), "one of them");
  check("nothing unfilled", all("p, li").every((e) => !/\{[\w\/-]+\}|NaN/.test(e.innerText)), "braces in a text");
  const hidden = all("details:not([open])");
  check("answers are hidden", hidden.every((d) => d.querySelector("p, pre").getBoundingClientRect().height === 0 || !d.querySelector("p, pre").checkVisibility()), "one is seen");
  hidden.forEach((d) => { d.open = true; });
  check("answers are shown", hidden.every((d) => d.querySelector("p, pre").getBoundingClientRect().height > 0), "one is not");
  check("no sideways scrolling with answers", document.documentElement.scrollWidth <= innerWidth, `${document.documentElement.scrollWidth} of ${innerWidth}`);
  const pre = document.createElement("pre");
  pre.id = "checked";
  pre.textContent = "\n" + lines.join("\n") + "\n";
  document.body.append(pre);
});
