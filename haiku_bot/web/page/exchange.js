// One message and its answer, and beside them what happened.

import * as ask from "./ask.js";
import { attentionView } from "./attention.js";
import { candidatesView } from "./candidates.js";
import { el } from "./dom.js";
import { readingView } from "./reading.js";
import { tabs } from "./tabs.js";
import { tokensView } from "./tokens.js";
import { unboundView } from "./unbound.js";

const [READING, CANDIDATES, TOKENS, ATTENTION, UNBOUND] = [0, 1, 2, 3, 4];
const NAMES = ["Reading", "Candidates", "Tokens", "Attention", "Without the form"];
const PARTS = 3; // of the pool; one verse of each is shown while it grows
let openTab = READING; // the next exchange begins with the tab that was open last

// question: what is sent; limits: what `state` says; again({ temperature, top_k }) asks the same message once more.
export class Exchange {
  constructor(question, limits, again) {
    Object.assign(this, { question, limits, again, retraces: null, request: null, candidate: null });
    this.growing = Array.from({ length: PARTS }, () => el("p"));
    this.growth = el("div", { class: "growing", "aria-hidden": "true" }, ...this.growing);
    this.note = el("div", { class: "note" }, "…");
    this.verse = el("div", { "aria-live": "polite" });
    this.tabs = tabs("What happened", NAMES, openTab, (index) => { openTab = index; });
    const message = el("p", { class: "message", tabindex: "0", role: "group", "aria-label": "Your message" },
      question.message || "(nothing)");
    this.element = el("article", { class: "exchange", "aria-busy": "true" },
      el("div", { class: "talk" }, message, this.growth, this.verse, this.note),
      el("section", { class: "glass", "aria-label": "What happened" }, this.tabs.element));
  }

  // Ask, and show each event as it comes. Returns the lines of the answer, or null where there is none.
  async run() {
    const handlers = {
      waiting: () => this.note.replaceChildren("Another message is answered first."),
      reading: (event) => this.showReading(event),
      growing: (event) => this.growing[event.part].replaceChildren(...event.lines.map((text) => el("span", { text }))),
      answer: (event) => this.showAnswer(event.lines),
      pool: (event) => this.showPool(event),
      trace: (event) => this.showTrace(event, this.sampling),
      unbound: (event) => this.tabs.fill(UNBOUND, unboundView(event)),
      fault: (event) => this.showFault(event.title, event.text),
      end: () => this.showEnd(),
    };
    let lines = null;
    let last = null;
    try {
      for await (const event of ask.answer(this.question)) {
        if (event.event === "answer") lines = event.lines;
        last = event.event;
        handlers[last](event);
      }
      if (last !== "end" && last !== "fault") throw new Error("The answer broke off. Is chat.py still running?");
    } catch (error) {
      // browsers say TypeError if there is no connection
      const text = error instanceof TypeError ? "chat.py does not answer. Is it still running?" : error.message;
      this.showFault("The answer is not whole", text);
    }
    this.element.removeAttribute("aria-busy");
    return lines;
  }

  get sampling() {
    return { temperature: this.question.temperature, top_k: this.question.top_k };
  }

  showReading(event) {
    this.request = event.request;
    this.note.replaceChildren("Three of the verses that the model writes");
    this.tabs.fill(READING, readingView(event));
  }

  showAnswer(lines) {
    this.growth.remove();
    this.note.replaceChildren();
    this.verse.replaceChildren(el("blockquote", { class: "haiku" }, ...lines.map((text) => el("span", { text }))));
  }

  showPool(event) {
    this.candidate = event.candidates[0];
    this.tabs.fill(CANDIDATES, candidatesView(event, (candidate) => this.look(candidate)));
  }

  showTrace(trace, sampling) {
    const glass = {
      limits: this.limits, trace, sampling, selected: 0,
      retrace: (values) => this.retrace(values), again: this.again,
    };
    const verse = () => el("p", { class: "looked-at" }, "The verse: ", el("q", { text: this.candidate.lines.join(" / ") }));
    this.tabs.fill(TOKENS, [verse(), ...tokensView(glass)]);
    this.tabs.fill(ATTENTION, [verse(), ...attentionView(glass)]);
  }

  showFault(title, text) {
    this.growth.remove();
    this.note.replaceChildren(el("div", { class: "fault" }, el("p", {}, el("strong", { text: title })), el("p", { text })));
  }

  showEnd() {
    this.note.replaceChildren(el("button", {
      type: "button", class: "quiet", text: "Another answer", onclick: () => this.again(this.sampling),
    }));
  }

  // Show another candidate in the tabs of tokens and attention.
  async look(candidate) {
    this.candidate = candidate;
    try {
      this.showTrace(await this.retrace(this.sampling), this.sampling);
      this.tabs.open(TOKENS);
    } catch (error) {
      if (error.name !== "AbortError") this.tabs.fill(TOKENS, [el("p", { class: "wrong", text: error.message })]);
    }
  }

  // The draws of the verse that is looked at, with another temperature or top-k. A newer call ends an older one.
  retrace(sampling) {
    this.retraces?.abort();
    this.retraces = new AbortController();
    const { verse, steering } = this.candidate;
    return ask.trace({ verse, steering, ...this.request, ...sampling }, this.retraces.signal);
  }
}
