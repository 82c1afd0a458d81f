// Each draw: what could come, with which chance, what was forbidden and why; temperature and top-k to play with.

import { bar, counted, el, number, percent, token } from "./dom.js";
import { sliders } from "./sampling.js";
import { tokenChoice } from "./verse.js";

const DELAY = 120; // milliseconds that a slider rests before the server is asked

// glass: { limits, trace, sampling, retrace(sampling) -> trace, again(sampling), selected }
export function tokensView(glass) {
  const choice = el("div");
  const step = el("div", { class: "step", "aria-live": "polite" });
  const problem = el("p", { class: "wrong", role: "alert" });
  let trace = glass.trace;
  let waiting;

  function show() {
    choice.replaceChildren(tokenChoice(trace.steps, "Choose a token", (each) => each.chance, glass.selected, (index) => {
      glass.selected = index;
      step.replaceChildren(...stepView(trace.steps[index]));
    }));
    step.replaceChildren(...stepView(trace.steps[glass.selected]));
  }
  const chosen = sliders(glass.limits, glass.sampling, (values) => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try {
        trace = await glass.retrace(values);
        problem.textContent = "";
        step.replaceChildren(...stepView(trace.steps[glass.selected]));
      } catch (error) {
        if (error.name !== "AbortError") problem.textContent = error.message;
      }
    }, DELAY);
  });
  show();
  return [
    el("p", { text: "The deeper the colour, the likelier the token was." }),
    choice,
    el("div", { class: "play" }, chosen.element,
      el("button", { type: "button", text: "Answer again with these", onclick: () => glass.again(chosen.values) })),
    problem, step,
  ];
}

function stepView(step) {
  const lacks = step.left === 0 ? "the line is full" : `the line lacks ${counted(step.left, "syllable")}`;
  const rows = step.rows.map((row) => el("tr", { class: row.why ? "forbidden" : row.is_drawn ? "drawn" : "" },
    el("th", { scope: "row" }, token(row.token), row.is_drawn && el("span", { class: "badge", text: "drawn" }),
      row.why && el("span", { class: "why", text: row.why })),
    el("td", { class: "value", text: row.syllables ? String(row.syllables) : "–" }),
    el("td", { class: "value logit", text: number(row.logit, 1) }),
    el("td", { class: "value chance" }, percent(row.chance), bar(row.chance)),
    el("td", { class: "value unbound" }, percent(row.unbound), bar(row.unbound, "hollow"))));
  return [
    el("h2", {}, "Line ", String(step.line + 1), ": ", lacks),
    el("div", { class: "scrolled" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "Token" }), el("th", { scope: "col", text: "Syllables" }),
        el("th", { scope: "col", text: "Score" }), el("th", { scope: "col", text: "Chance" }),
        el("th", { scope: "col", text: "Without the form" }))),
      el("tbody", {}, ...rows))),
    el("p", {}, `Forbidden: ${step.forbidden.toLocaleString("en")} of ${counted(step.of, "token")}. Without the form, one of `
      + "these would be drawn with a chance of ", el("b", { class: "forbidden-share", text: percent(step.forbidden_share) }), "."),
    el("ul", { class: "whys" }, ...step.reasons.map((reason) =>
      el("li", {}, el("span", { class: "value", text: reason.count.toLocaleString("en") }), reason.why))),
  ];
}
