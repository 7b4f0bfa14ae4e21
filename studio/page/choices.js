// Groups of radio buttons that look like buttons, and lists to select from.

import { $, element } from "./dom.js";

/** Fill a group. names: value -> text, or [text, key]. picked: called with the value. */
export function choices(group, names, picked) {
  $(group).replaceChildren(
    ...Object.entries(names).map(([value, text]) => {
      const [words, key] = [text].flat();
      const input = element("input", { type: "radio", name: group, value });
      input.addEventListener("change", () => picked(value));
      const choice = element("label", { className: value, title: key ? `${words} (${key})` : words });
      choice.append(input, element("span", { textContent: words }));
      return choice;
    }),
  );
}

export function pick(group, value) {
  const input = document.querySelector(`input[name=${group}][value=${value}]`);
  input.checked = true;
  input.dispatchEvent(new Event("change"));
}

/** Add options to a select. names: value -> text. */
export const options = (select, names) => select.append(...Object.entries(names).map(([value, text]) => new Option(text, value)));
