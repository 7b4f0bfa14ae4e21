// How images come in: dropped, pasted, or chosen in a dialog; files or folders.

import { $, on, safely } from "./dom.js";

/** The files of what was dropped. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

/** The files of a file or folder; a folder gives its entries a hundred at a time. */
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(filesOf))).flat();
    found.push(...some.filter(({ name }) => !name.startsWith(".")));
  }
}

/** add: called with files. */
export function connect(add) {
  on("add", "click", () => $("files").click());
  on("add-folder", "click", () => $("directory").click());
  for (const id of ["files", "directory"]) {
    on(id, "change", (event) => {
      add([...event.target.files]);
      event.target.value = "";
    });
  }
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragenter", () => document.body.classList.add("dropping"));
  document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dropping"));
  document.addEventListener(
    "drop",
    safely(async (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      add(await dropped(event.dataTransfer));
    }),
  );
  document.addEventListener("paste", (event) => add([...event.clipboardData.files]));
}
