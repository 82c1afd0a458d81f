// The page: waits for the bot, sends messages, keeps the conversation.

import * as ask from "./ask.js";
import { el } from "./dom.js";
import { Exchange } from "./exchange.js";
import { sliders } from "./sampling.js";

const MILLISECONDS_BETWEEN_LOOKS = 400;
const EXAMPLES = ["How do clouds feel today?", "I failed my exam", "got a puppy!!!!"];

const find = (id) => document.getElementById(id);
const [stateBox, welcome, conversation, form, message] = ["state", "welcome", "conversation", "ask", "message"].map(find);
const said = []; // the lines of all answers, without marks
let previous = []; // those of the last answer, for renku
let limits = null;
let seed = 0;
let sampling = null;

async function waitForTheBot() {
  for (;;) {
    let state;
    try {
      state = await ask.state();
    } catch {
      state = { state: "failed", title: "chat.py does not answer", text: "Is it still running? Start it again and open the new address." };
    }
    if (state.state === "ready") return state;
    if (state.state === "failed") {
      stateBox.replaceChildren(el("div", { class: "fault" }, el("p", {}, el("strong", { text: state.title })), el("p", { text: state.text })));
      return null;
    }
    showProgress(state);
    await new Promise((resolve) => { setTimeout(resolve, MILLISECONDS_BETWEEN_LOOKS); });
  }
}

function showProgress({ stage, share, loss }) {
  if (loss === null) {
    stateBox.replaceChildren(el("p", { text: `The bot is being prepared: ${stage} …` }));
    return;
  }
  let meter = stateBox.querySelector("progress");
  if (!meter) {
    meter = el("progress", { max: "1", "aria-label": "Training" });
    stateBox.replaceChildren(
      el("p", { text: "Your model is trained once. This takes a few minutes." }), meter, el("p", { class: "remark", "aria-live": "off" }));
  }
  meter.value = share;
  stateBox.lastChild.textContent = `${stage}: ${Math.round(100 * share)}%, loss ${loss.toFixed(2)} nats per token`;
}

function open(state) {
  limits = state;
  seed = state.seed;
  const weights = state.weights.toLocaleString("en");
  find("model").textContent = `Your ${state.model}: ${weights} weights, ${state.tokens.toLocaleString("en")} tokens`;
  stateBox.remove();
  sampling = sliders(limits, { temperature: state.temperature, top_k: state.top_k });
  find("sampling").append(sampling.element);
  find("renku").checked = state.renku;
  find("examples").replaceChildren(...EXAMPLES.map((text) =>
    el("li", {}, el("button", { type: "button", text, onclick: () => send(text) }))));
  message.maxLength = limits.max_message;
  welcome.hidden = false;
  form.hidden = false;
  message.focus();
}

// Several messages may wait: the server answers them one after another.
async function send(text) {
  welcome.hidden = true;
  const question = {
    message: text, seed, said: said.slice(-limits.max_said), previous: find("renku").checked ? previous : [], ...sampling.values,
  };
  seed += 1;
  const exchange = new Exchange(question, limits, (values) => {
    sampling.set(values);
    send(text);
  });
  conversation.append(exchange.element);
  exchange.element.scrollIntoView({ block: "start" });
  const lines = await exchange.run();
  if (lines) {
    previous = lines;
    said.push(...lines.map((line) => line.replace(/( -|,)$/, "")));
  }
}

function fit() {
  message.style.height = "auto";
  message.style.height = `${message.scrollHeight + 2}px`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = message.value;
  if (text.trim() === "") {
    message.focus();
    return;
  }
  message.value = "";
  fit();
  send(text);
});
message.addEventListener("input", fit);
message.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

const state = await waitForTheBot();
if (state) open(state);
