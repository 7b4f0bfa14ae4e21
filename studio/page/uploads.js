// Files on their way to the back end, each with a row of its own until it is there.

import * as api from "./api.js";
import { TEXT } from "./strings.js";

const AT_ONCE = 2;

/** Files on their way to the back end and those that wait for it. */
export class Uploads {
  #waiting = [];
  #running = 0;

  constructor(list, limit, arrived) {
    this.list = list;
    this.limit = limit;
    this.arrived = arrived;
  }

  add(files) {
    for (const file of files) this.#waiting.push({ file, row: this.#row(file.name) });
    this.#next();
  }

  #row(name) {
    const row = document.createElement("li");
    const [title, state, bar] = ["bdi", "span", "progress"].map((tag) => document.createElement(tag));
    row.className = "uploading";
    title.textContent = name;
    state.className = "state";
    state.textContent = TEXT.states.uploading;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    row.append(title, state, bar);
    this.list.append(row);
    return { row, state, bar };
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) {
      const { file, row } = this.#waiting.shift();
      this.#running += 1;
      this.#send(file, row).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #send(file, row) {
    if (file.size === 0) return this.#failed(file, row, TEXT.emptyFile, false);
    if (file.size > this.limit) return this.#failed(file, row, TEXT.tooLarge(this.limit), false);
    try {
      await api.upload(file, file.name, (share) => (row.bar.value = share));
      row.row.remove();
      this.arrived();
    } catch (error) {
      this.#failed(file, row, error.message, true);
    }
  }

  #failed(file, { row, state, bar }, message, again) {
    row.className = "failed";
    state.textContent = message;
    bar.remove();
    const dismiss = document.createElement("button");
    dismiss.type = "button";
    dismiss.textContent = TEXT.dismiss;
    dismiss.addEventListener("click", () => row.remove());
    row.append(dismiss);
    if (!again) return;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.textContent = TEXT.retry;
    retry.addEventListener("click", () => {
      row.remove();
      this.add([file]);
    });
    row.append(retry);
  }
}
