// Tabs, as the ARIA Authoring Practices describe them: arrow keys, Home and End go from tab to tab.

import { el, newId } from "./dom.js";

// names: of the tabs; the panel of a tab is empty until it is filled.
export function tabs(label, names, first, opened) {
  const panels = names.map(() => el("div", { role: "tabpanel", id: newId("panel"), tabindex: "0", hidden: true }));
  const buttons = names.map((name, index) => {
    const id = newId("tab");
    panels[index].setAttribute("aria-labelledby", id);
    return el("button", {
      type: "button", role: "tab", id, "aria-controls": panels[index].id, text: name, disabled: true,
      onclick: () => open(index), onkeydown: move,
    });
  });

  function open(index) {
    buttons.forEach((button, number) => {
      button.setAttribute("aria-selected", String(number === index));
      button.tabIndex = number === index ? 0 : -1;
      panels[number].hidden = number !== index;
    });
    opened(index);
  }
  function move(event) {
    const usable = buttons.filter((button) => !button.disabled);
    const at = usable.indexOf(event.currentTarget);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: usable.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const button = usable[(to + usable.length) % usable.length];
    button.focus();
    open(buttons.indexOf(button));
  }
  open(first);
  return {
    element: el("div", { class: "tabs" }, el("div", { role: "tablist", "aria-label": label }, ...buttons), ...panels),
    open,
    fill(index, children) {
      buttons[index].disabled = false;
      panels[index].replaceChildren(...children.filter(Boolean));
    },
  };
}
