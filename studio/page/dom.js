// The page's elements, and its banner, which says what went wrong.

import { Gone, Rejected } from "./api.js";

export const $ = (id) => document.getElementById(id);

/** A new element with these properties. */
export const element = (tag, properties) => Object.assign(document.createElement(tag), properties);

let unreachable = false; // whether the banner says that the back end cannot be reached

export function warn(message) {
  $("banner-text").textContent = message;
  $("banner").hidden = false;
}

/** Say what went wrong. A bug goes to the console instead. */
export function tell(error) {
  if (![Rejected, Gone, DOMException].some((kind) => error instanceof kind)) throw error;
  unreachable = error instanceof Gone;
  if (error.status === 401 || error.status === 403) dispatchEvent(new CustomEvent("signed-out", { detail: error.status }));
  else warn(error.message);
}

/** What went wrong is over. */
export function calm() {
  unreachable = false;
  $("banner").hidden = true;
}

/** The back end answers: a banner that said otherwise goes, any other stays. */
export const reached = () => unreachable && calm();

/** A listener that says what went wrong. */
export const safely = (action) => (event) => Promise.resolve(action(event)).catch(tell);

export const on = (id, event, action) => $(id).addEventListener(event, safely(action));
