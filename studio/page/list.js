// The list of images, which the page asks for again and again, and how it is filtered.

import * as api from "./api.js";
import { $, element, on, reached, safely, tell } from "./dom.js";
import { Queue } from "./queue.js";
import { TEXT } from "./strings.js";

const SOON = 1000; // milliseconds between two requests while something is being cut
const LATER = 5000;

export const queue = new Queue($("images"));
let filter = "all";
let counts = {};
let formats = {};
let poll;
let asked = 0; // how often the list was asked for; only the last answer is shown
let changed; // called with the entries

/** Ask for the list again. */
export async function refresh() {
  clearTimeout(poll);
  const turn = ++asked;
  try {
    const entries = [];
    let after = null;
    do {
      const page = await api.list(filter, $("format-filter").value, after);
      if (turn !== asked) return;
      entries.push(...page.images);
      ({ counts, formats } = page);
      after = page.next;
    } while (after && entries.length < queue.entries.length);
    reached();
    show(entries, after);
  } catch (error) {
    tell(error);
  }
  if (turn !== asked) return;
  poll = setTimeout(refresh, counts.working ? SOON : LATER);
}

function show(entries, after) {
  queue.show(entries);
  $("more").hidden = !after;
  $("more").dataset.after = after ?? "";
  for (const button of $("filters").children) {
    button.textContent = `${TEXT.filters[button.value]} ${counts[button.value] ?? 0}`;
  }
  offerFormats();
  $("progress").hidden = !counts.working;
  $("progress-bar").max = counts.all;
  $("progress-bar").value = counts.all - counts.working;
  $("progress-text").textContent = TEXT.progress(counts.all - counts.working, counts.all);
  $("zip").disabled = !counts.approved;
  $("empty").hidden = counts.all > 0;
  changed(entries);
}

/** A choice of formats where there are several, or where the chosen one has no image any more. */
function offerFormats() {
  const select = $("format-filter");
  const { value } = select;
  const offered = Object.entries(formats).map(([name, count]) => [name, `${TEXT.formatName(name)} ${count}`]);
  if (value && !(value in formats)) offered.push([value, `${TEXT.formatName(value)} 0`]);
  select.parentElement.hidden = offered.length < 2 && !value;
  const texts = [["", TEXT.allFormats], ...offered];
  if (JSON.stringify(texts) === select.dataset.shown) return; // an open menu stays open
  select.dataset.shown = JSON.stringify(texts);
  select.replaceChildren(...texts.map(([name, text]) => new Option(text, name, false, name === value)));
}

export function choose(name) {
  filter = name;
  for (const button of $("filters").children) button.setAttribute("aria-pressed", String(button.value === name));
  return refresh();
}

/** listener: called with the entries whenever the list was read. */
export function connect(listener) {
  changed = listener;
  for (const value of Object.keys(TEXT.filters)) {
    const button = element("button", { type: "button", value });
    button.addEventListener("click", safely(() => choose(value)));
    $("filters").append(button);
  }
  on("format-filter", "change", refresh);
  on("more", "click", async () => {
    const page = await api.list(filter, $("format-filter").value, $("more").dataset.after);
    show([...queue.entries, ...page.images], page.next);
  });
}
