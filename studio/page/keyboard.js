// The keys, wherever the focus is. Those of the canvas are in gestures.js.

import { pick } from "./choices.js";
import { current, viewer } from "./current.js";
import { decide, undo } from "./decisions.js";
import { $, element, on, safely } from "./dom.js";
import { look, step } from "./image.js";
import { TEXT } from "./strings.js";
import { zoomIn, zoomOut } from "./toolbar.js";
import { edited, resize, save } from "./touchup.js";

const VIEWS = Object.keys(TEXT.views);
const TOOLS = Object.fromEntries(Object.entries(TEXT.tools).map(([tool, [, key]]) => [key.toLowerCase(), tool]));
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => decide("approved"),
  r: () => decide("rejected"),
  u: undo,
  s: () => current.edits?.dirty && save(),
  "+": zoomIn,
  "=": zoomIn,
  "-": zoomOut,
  0: () => viewer.fit(),
  "[": () => resize(-1),
  "]": () => resize(1),
  "?": () => $("keys").showModal(),
};

function pressed(event) {
  if (document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=range]):not([type=radio]), select")) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "z") {
    event.preventDefault();
    return edited((edits) => (event.shiftKey ? edits.redo() : edits.undo()));
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key in TOOLS) return pick("tools", TOOLS[key]);
  if (VIEWS[key - 1]) return look(VIEWS[key - 1]);
  return KEYS[key]?.();
}

export function connect() {
  $("key-table").append(
    ...TEXT.keys.map(([keys, action]) => {
      const row = element("tr");
      row.append(element("th", { textContent: keys }), element("td", { textContent: action }));
      return row;
    }),
  );
  on("help", "click", () => $("keys").showModal());
  document.addEventListener("keydown", safely(pressed));
}
