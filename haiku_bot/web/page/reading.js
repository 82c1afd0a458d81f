// How the message was read: the themes with their scores, and which words speak for each.

import { bar, el, number, token } from "./dom.js";

export function readingView(reading) {
  const asked = reading.themes.filter((theme) => theme.is_asked);
  const strongest = Math.max(...reading.themes.map((theme) => theme.score), 0.001);
  const names = asked.map((theme) => theme.name).join(" and ");
  return [
    el("p", {}, "The message was read as ", el("strong", { text: names }), ". ", explained(reading)),
    reading.is_cut && el("p", { class: "remark", text: "The message is long. Only its beginning was read." }),
    el("ul", { class: "themes" }, ...reading.themes.map((theme) => themeRow(theme, strongest))),
    el("h2", { text: "The prompt" }),
    el("p", { class: "tokens" }, ...reading.prompt.map(token)),
    el("p", { class: "remark", text: "The model reads the prompt in place of the message. Its first tokens are themes. "
      + "Words of the message follow if enough haiku hold them. After <write>, the verse begins." }),
  ];
}

function explained(reading) {
  if (!reading.is_known) {
    return "No word of the message is known. So a checksum of the message picked the theme.";
  }
  return "Each known word, stem and pair of words adds to the scores of themes. A second theme counts if its score is at "
    + `least ${reading.close} of the best.`;
}

function themeRow(theme, strongest) {
  const reasons = theme.reasons.map(({ text, value }) => reasonItem(text, value));
  if (theme.others > 0) reasons.push(reasonItem(`${theme.others} more`, theme.sum_of_others));
  return el("li", { class: theme.is_asked ? "asked" : "" },
    el("span", { class: "name", text: theme.name }), bar(theme.score / strongest),
    el("span", { class: "value score", text: number(theme.score) }),
    reasons.length > 0 && el("ul", { class: "reasons", "aria-label": `What speaks for ${theme.name}` }, ...reasons));
}

function reasonItem(text, value) {
  return el("li", { class: value < 0 ? "against" : "for" }, text, " ",
    el("span", { class: "value", text: `${value < 0 ? "" : "+"}${number(value)}` }));
}
