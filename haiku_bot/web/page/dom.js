// Elements, numbers and words. Text always becomes a text node: whatever a message or a token holds, nothing is markup.

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else if (name === "text") element.textContent = value;
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// A bar whose length is a share from 0 to 1; numbers beside it say the same.
export function bar(share, kind = "") {
  const filled = el("span", { class: `filled ${kind}` });
  filled.style.width = `${100 * Math.min(1, Math.max(0, share ?? 0))}%`;
  return el("span", { class: "bar", "aria-hidden": "true" }, filled);
}

export function percent(share) {
  if (share === null) return "–";
  if (share > 0 && share < 0.0005) return "< 0.1%";
  return `${(100 * share).toFixed(1)}%`;
}

export function number(value, digits = 2) {
  return value === null ? "–" : value.toFixed(digits).replace("-", "−");
}

export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

// A token as the model knows it: marks such as <break> and themes such as #rain look different from words.
export function token(text) {
  const kind = text.startsWith("<") ? "mark" : text.startsWith("#") ? "theme" : "word";
  return el("span", { class: `token ${kind}`, text });
}

let ids = 0;
export function newId(name) {
  ids += 1;
  return `${name}-${ids}`;
}
