// The list of images: thumbnails as they come into view, and what state each is in.

import * as api from "./api.js";
import { TEXT } from "./strings.js";

const AT_ONCE = 4; // thumbnails that are loaded side by side

/** What the list says of an entry: a key of TEXT.states, which is a class of the stylesheet, too. */
export function stateOf(entry) {
  if (entry.state !== "done") return entry.state;
  return entry.decision ?? (entry.needs_review ? "review" : "done");
}

export class Queue {
  #items = new Map(); // id -> { element, image, name, state, version }
  #waiting = [];
  #loading = 0;
  #seen;

  constructor(list) {
    this.list = list;
    this.choose = () => {}; // called with the id of an image that a person chooses
    this.entries = [];
    this.chosen = null;
    this.#seen = new IntersectionObserver((changes) => {
      for (const change of changes) if (change.isIntersecting) this.#want(change.target.dataset.id);
    });
  }

  /** Show these entries, in this order. An element is only touched where its entry changed. */
  show(entries) {
    this.entries = entries;
    const ids = new Set(entries.map((entry) => entry.id));
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      this.#seen.unobserve(item.element);
      if (item.url) URL.revokeObjectURL(item.url);
      item.element.remove();
      this.#items.delete(id);
    }
    entries.forEach((entry, place) => {
      const item = this.#items.get(entry.id) ?? this.#added(entry);
      this.#update(item, entry);
      if (this.list.children[place] !== item.element) this.list.insertBefore(item.element, this.list.children[place] ?? null);
    });
    this.mark(this.chosen);
  }

  /** Mark the image that the page shows. */
  mark(id) {
    this.chosen = id;
    for (const [other, item] of this.#items) {
      if (other === id) item.button.setAttribute("aria-current", "true");
      else item.button.removeAttribute("aria-current");
    }
  }

  /** The id that is so many places after the chosen one, null at the end. */
  next(steps) {
    const place = this.entries.findIndex((entry) => entry.id === this.chosen);
    return this.entries[place < 0 ? 0 : place + steps]?.id ?? null;
  }

  reveal(id) {
    this.#items.get(id)?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #added(entry) {
    const element = document.createElement("li");
    const button = document.createElement("button");
    const [image, name, state] = ["img", "bdi", "span"].map((tag) => document.createElement(tag));
    element.dataset.id = entry.id;
    image.alt = "";
    state.className = "state";
    button.type = "button";
    button.append(image, name, state);
    button.addEventListener("click", () => this.choose(entry.id));
    element.append(button);
    const item = { element, button, image, name, state, version: null, url: null, drawn: null };
    this.#items.set(entry.id, item);
    this.#seen.observe(element);
    return item;
  }

  #update(item, entry) {
    const text = JSON.stringify(entry);
    if (item.drawn === text) return;
    item.drawn = text;
    const state = stateOf(entry);
    const share = entry.confidence === null || entry.state !== "done" ? "" : ` · ${Math.round(100 * entry.confidence)} %`;
    item.name.textContent = entry.name;
    item.state.textContent = (entry.state === "failed" && entry.message) || TEXT.states[state] + share;
    item.element.className = state;
    if (item.version !== entry.version) {
      item.version = entry.version;
      this.#seen.unobserve(item.element); // observed anew, it reports again whether it is in view
      this.#seen.observe(item.element);
    }
  }

  #want(id) {
    if (!this.#waiting.includes(id)) this.#waiting.push(id);
    this.#load();
  }
  async #load() {
    while (this.#loading < AT_ONCE && this.#waiting.length) {
      const item = this.#items.get(this.#waiting.shift());
      if (!item || item.shown === item.version) continue;
      item.shown = item.version;
      this.#loading += 1;
      api
        .picture(item.element.dataset.id, "thumbnail", item.version)
        .then((blob) => {
          if (item.url) URL.revokeObjectURL(item.url);
          item.image.src = item.url = URL.createObjectURL(blob);
        })
        .catch(() => item.image.removeAttribute("src")) // an image that cannot be read has no thumbnail; its message says so
        .finally(() => {
          this.#loading -= 1;
          this.#load();
        });
    }
  }
}
