// All verses that were written for the message, best first, with what each score is made of.

import { counted, el, number } from "./dom.js";

const SHOWN_AT_FIRST = 8;

// choose is called with a candidate that somebody wants to look at.
export function candidatesView(pool, choose) {
  const { candidates, weights } = pool;
  const buttons = [];
  const items = candidates.map((candidate, index) => {
    const button = el("button", {
      type: "button", class: "verse", "aria-pressed": String(index === 0),
      onclick: () => {
        for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
        choose(candidate);
      },
    }, ...candidate.lines.map((line) => el("span", { text: line })));
    buttons.push(button);
    return el("li", { hidden: index >= SHOWN_AT_FIRST },
      el("span", { class: "rank", text: String(index + 1) }), button,
      el("span", { class: "value total", title: "score", text: number(candidate.total) }), parts(candidate));
  });
  const more = el("button", {
    type: "button", text: `Show all ${candidates.length}`,
    onclick: () => {
      for (const item of items) item.hidden = false;
      items[SHOWN_AT_FIRST].querySelector("button").focus();
      more.remove();
    },
  });
  return [
    el("p", { text: `The model wrote ${counted(candidates.length, "verse")}. The best score answers. Choose any verse to see `
      + "how it was drawn." }),
    el("p", { class: "remark", text: `score = ${weights.likelihood} × likelihood + ${weights.relevance} × theme − faults − `
      + "staleness − repeats" }),
    el("ol", { class: "candidates" }, ...items),
    candidates.length > SHOWN_AT_FIRST && more,
  ];
}

function parts(candidate) {
  const named = [
    ["likelihood", candidate.likelihood], ["theme", candidate.relevance], ["faults", candidate.faults],
    ["staleness", candidate.staleness], ["repeats", candidate.repeated],
  ];
  return el("span", { class: "parts" },
    ...named.map(([name, value]) => el("span", { "data-part": name }, `${name} `, el("b", { text: number(value) }))),
    el("span", { text: candidate.steering ? `requested words raised by ${candidate.steering}` : "no word raised" }),
    !candidate.is_new && el("span", { class: "wrong", text: "not new" }));
}
