// The image that the page shows: what the back end knows of it, and what a person has changed on it.

import { $ } from "./dom.js";
import { TEXT } from "./strings.js";
import { Viewer } from "./viewer.js";

export const viewer = new Viewer($("canvas"));

export const current = {
  record: null, // as the back end gave it
  edits: null,
  local: false, // whether the back end is on this machine
};

/** Whether an image waits or is being cut. */
export const isBusy = ({ state }) => state === "waiting" || state === "working";

/** Say something over the image; without a text, what state it is in. */
export function note(text = "") {
  const { record, edits } = current;
  $("note").textContent = text || (record && isBusy(record) ? TEXT.cutting : edits?.dirty ? TEXT.unsaved : "");
}
