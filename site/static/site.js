// Checks the numbers of the practice exam and keeps the checklist. Needs no network.
"use strict";

const store = {
  // Some browsers refuse storage for files on disk; the page then works without memory.
  read(key) {
    try { return window.localStorage.getItem(key); } catch { return null; }
  },
  write(key, value) {
    try {
      if (value === null) window.localStorage.removeItem(key);
      else window.localStorage.setItem(key, value);
    } catch { /* nothing is kept */ }
  },
};

function numberIn(text) {
  // A decimal comma is a decimal point where no point is; thousands may be set apart by blanks or commas.
  let plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/[\s\u00a0]/g, "");
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)) plain = plain.replace(/,/g, "");
  else if (/^-?\d*,\d+$/.test(plain)) plain = plain.replace(",", ".");
  return /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(plain) ? Number(plain) : null;
}

function prepareQuestion(field) {
  const input = field.querySelector("input");
  const output = field.querySelector("output");
  const section = field.closest("section");
  const check = () => {
    const given = numberIn(input.value);
    field.classList.remove("right", "wrong");
    if (given === null) {
      output.textContent = "Type a number.";
      return;
    }
    const isRight = Math.abs(given - Number(field.dataset.value)) <= Number(field.dataset.tolerance) + 1e-9;
    field.classList.add(isRight ? "right" : "wrong");
    output.textContent = isRight ? "Right." : "Not this number. Try again, or open the working below.";
    section.querySelectorAll("details.after-try").forEach((working) => { working.hidden = false; });
  };
  field.querySelector("button").addEventListener("click", check);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") check(); });
}

function prepareChecklist(list) {
  const boxes = [...list.querySelectorAll("input[type=checkbox]")];
  const tell = () => {
    const done = boxes.filter((box) => box.checked).length;
    list.querySelector(".together").textContent = `${done} of ${boxes.length} done`;
  };
  for (const box of boxes) {
    const key = `checklist/${box.dataset.key}`;
    box.checked = store.read(key) === "1";
    box.addEventListener("change", () => { store.write(key, box.checked ? "1" : null); tell(); });
  }
  list.querySelector(".forget").addEventListener("click", () => {
    for (const box of boxes) {
      box.checked = false;
      store.write(`checklist/${box.dataset.key}`, null);
    }
    tell();
  });
  tell();
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".ask").forEach(prepareQuestion);
  document.querySelectorAll("details.after-try").forEach((working) => {
    working.hidden = working.closest("section").querySelector(".ask") !== null;
  });
  document.querySelectorAll(".checklist").forEach(prepareChecklist);
});

// A keyboard can scroll code and tables that are wider than the page.
window.addEventListener("load", () => {
  document.querySelectorAll("article pre, article .table-wrapper").forEach((block) => {
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
  });
});
