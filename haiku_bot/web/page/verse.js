// A verse as a choice of its tokens: radio buttons, so that the arrow keys go from token to token.

import { el, newId } from "./dom.js";

// steps: of a trace; shade(step, index) gives the depth of each token's colour; chosen(index) is called.
export function tokenChoice(steps, legend, shade, selected, chosen) {
  const name = newId("token");
  const lines = [];
  steps.forEach((step, index) => {
    lines[step.line] ??= el("div", { class: "line" });
    const input = el("input", { type: "radio", name, checked: index === selected, onchange: () => chosen(index) });
    const kind = step.drawn.startsWith("<") ? "mark" : "word";
    const label = el("label", { class: `token ${kind}` }, input, el("span", { text: step.drawn }));
    label.style.setProperty("--depth", `${Math.round(100 * shade(step, index))}%`);
    lines[step.line].append(label);
  });
  return el("fieldset", { class: "choice" }, el("legend", { text: legend }), ...lines);
}
