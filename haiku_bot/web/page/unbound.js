// The same message without the form: what the model writes if nothing is forbidden.

import { counted, el } from "./dom.js";

const SHOWN_AT_FIRST = 4;

export function unboundView(unbound) {
  const { verses, form, in_form: kept } = unbound;
  const items = verses.map((verse, index) => el("li", { class: verse.is_in_form ? "kept" : "broken", hidden: index >= SHOWN_AT_FIRST },
    el("div", { class: "verse" }, ...verse.lines.map((line, number) => el("span", {}, `${line} `,
      el("span", { class: verse.syllables[number] === form[number] ? "value" : "value wrong", text: String(verse.syllables[number]) })))),
    el("span", { class: "verdict", text: verdict(verse, form) })));
  const more = el("button", {
    type: "button", text: `Show all ${verses.length}`,
    onclick: () => {
      for (const item of items) item.hidden = false;
      more.remove();
    },
  });
  return [
    el("p", {}, `The model wrote ${counted(verses.length, "verse")} for the same prompt, with nothing forbidden. `,
      el("b", { class: "kept-count", text: String(kept) }), ` of them ${kept === 1 ? "has" : "have"} the form ${form.join("-")}. `,
      "With the form, all have it."),
    el("p", { class: "remark", text: "The number behind each line counts its syllables. No words are raised and nothing is chosen: "
      + "these are the first verses that were drawn." }),
    el("ol", { class: "unbound-verses" }, ...items),
    verses.length > SHOWN_AT_FIRST && more,
  ];
}

function verdict(verse, form) {
  if (verse.is_in_form) return form.join("-");
  if (!verse.is_ended) return "not ended";
  return verse.syllables.join("-");
}
