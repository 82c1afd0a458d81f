// Where the last layer looked when a token was drawn, and its whole matrix.

import { el, percent, token } from "./dom.js";
import { tokenChoice } from "./verse.js";

// glass: { trace, selected }
export function attentionView(glass) {
  const { trace } = glass;
  if (trace.attention === null) {
    return [el("p", { text: "The attention cannot be shown. While your model computed, no result had the form of attention "
      + "weights: rows that sum to 1 and take nothing from later positions." })];
  }
  const read = [...trace.prompt, ...trace.steps.slice(0, -1).map((step) => step.drawn)];
  const row = el("div", { class: "looks", "aria-live": "polite" });
  const rows = [];

  function show() {
    const position = trace.prompt.length - 1 + glass.selected;
    row.replaceChildren(...rowView(read, trace.attention[position], position, trace.steps[glass.selected].drawn));
    rows.forEach((each, index) => each.classList.toggle("selected", index === position));
  }
  const choice = tokenChoice(trace.steps, "Choose a token", () => 0, glass.selected, (index) => {
    glass.selected = index;
    show();
  });
  const matrix = matrixView(read, trace.attention, rows);
  show();
  return [choice, row, el("h2", { text: "The whole matrix" }), matrix,
    el("p", { class: "remark", text: "Each row sums to 1. A row shows where the position of its token looks. Nothing right of "
      + "the diagonal is seen. With several heads, the matrix is their mean." })];
}

function rowView(read, weights, position, drawn) {
  const strongest = Math.max(...weights);
  const seen = read.slice(0, position + 1).map((text, index) => {
    const each = el("li", {}, token(text), el("span", { class: "value", text: percent(weights[index]) }));
    each.style.setProperty("--depth", `${Math.round((100 * weights[index]) / strongest)}%`);
    return each;
  });
  return [el("p", {}, "To draw ", token(drawn), ", the last layer looked at"), el("ol", {}, ...seen)];
}

function matrixView(read, attention, rows) {
  const head = el("tr", {}, el("td"), ...read.map((text) => el("th", { scope: "col" }, el("span", { text }))));
  attention.forEach((weights, index) => {
    const cells = weights.map((weight, column) => {
      const cell = el("td", { title: `${read[index]} looks at ${read[column]}: ${percent(weight)}` });
      if (column <= index) cell.style.setProperty("--depth", `${Math.round(100 * Math.sqrt(weight ?? 0))}%`);
      else cell.className = "later";
      return cell;
    });
    rows.push(el("tr", {}, el("th", { scope: "row", text: read[index] }), ...cells));
  });
  return el("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Attention matrix" },
    el("table", { class: "matrix" }, el("thead", {}, head), el("tbody", {}, ...rows)));
}
