// Temperature and top-k: two sliders. The slider of top-k is finer at its beginning, where each step counts.

import { el, newId } from "./dom.js";

const MAX_STEP = 100;

function toStep(value, most) {
  return Math.round((MAX_STEP * Math.log(value)) / Math.log(most));
}

function fromStep(step, most) {
  return Math.min(most, Math.max(1, Math.round(most ** (step / MAX_STEP))));
}

// limits: what `state` says of the bot; chosen: { temperature, top_k }; changed is called with the new values.
export function sliders(limits, chosen, changed) {
  const values = { ...chosen };
  const most = limits.tokens;
  const [first, second] = [newId("temperature"), newId("top-k")];
  const temperature = el("input", {
    type: "range", id: first, step: "0.05", min: String(limits.min_temperature), max: String(limits.max_temperature),
  });
  const topK = el("input", { type: "range", id: second, step: "1", min: "0", max: String(MAX_STEP) });
  const shownTemperature = el("output", { for: first });
  const shownTopK = el("output", { for: second });

  function show() {
    temperature.value = values.temperature;
    topK.value = toStep(values.top_k, most);
    shownTemperature.textContent = values.temperature.toFixed(2);
    shownTopK.textContent = values.top_k === most ? "all" : String(values.top_k);
    topK.setAttribute("aria-valuetext", values.top_k === most ? "all tokens" : `${values.top_k} tokens`);
  }
  temperature.addEventListener("input", () => {
    values.temperature = Number(temperature.value);
    show();
    changed?.({ ...values });
  });
  topK.addEventListener("input", () => {
    values.top_k = fromStep(Number(topK.value), most);
    show();
    changed?.({ ...values });
  });
  show();
  const element = el("div", { class: "sliders" },
    el("label", { for: first, text: "Temperature" }), temperature, shownTemperature,
    el("label", { for: second, text: "Top k" }), topK, shownTopK);
  return {
    element,
    get values() { return { ...values }; },
    set(other) { Object.assign(values, other); show(); },
  };
}
