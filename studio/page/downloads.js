// Downloads: a format, a listing image with its marketplace's rules, the clipboard, and a ZIP.

import * as api from "./api.js";
import { options } from "./choices.js";
import { current, isBusy, note } from "./current.js";
import { $, element, on } from "./dom.js";
import { TEXT } from "./strings.js";
import { save } from "./touchup.js";

const KEEP = 60_000; // milliseconds that the browser has to read a file that it downloads
const SOON = 500; // milliseconds between two questions whether an image is cut

/** The form that is chosen, as the back end's parameters. */
function form() {
  const format = $("format").value;
  if (!(format in TEXT.formats)) return { marketplace: format };
  return format === "jpeg" ? { format, background: $("paper").value } : { format };
}

/** Show what the chosen form needs: a colour, or the marketplace's rules. */
export async function show() {
  const { record } = current;
  const { marketplace } = form();
  const ready = record?.state === "done";
  $("paper-label").hidden = $("format").value !== "jpeg";
  $("download").disabled = $("copy").disabled = !ready;
  $("rules").replaceChildren();
  if (!ready || !marketplace) return;
  const { rules } = await api.compliance(record.id, marketplace);
  if (current.record.id !== record.id || form().marketplace !== marketplace) return;
  const rows = rules.map((rule) =>
    element("li", {
      className: rule.passes ? "passes" : "breaks",
      textContent: (rule.passes ? TEXT.passes : TEXT.breaks)(rule),
    }),
  );
  $("rules").replaceChildren(...rows);
}

function store(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP);
}

/** The shown image in that form, with its edits, as soon as it is cut. */
async function file(wanted) {
  const { id } = current.record;
  if (current.edits.dirty) await save();
  while (isBusy(await api.record(id))) await new Promise((resolve) => setTimeout(resolve, SOON));
  return api.file(id, wanted);
}

async function download() {
  const { name } = current.record;
  const blob = await file(form());
  const ending = blob.type.split("/")[1].replace("jpeg", "jpg");
  store(blob, `${name.replace(/\.[^.]*$/, "")}.${ending}`);
}

async function copy() {
  // The promise goes into the item, as browsers let a page write to the clipboard only while a click is handled.
  await navigator.clipboard.write([new ClipboardItem({ "image/png": file({ format: "png" }) })]);
  note(TEXT.copied);
}

/** marketplaces: [{ name, title }]. */
export function connect(marketplaces) {
  options($("format"), TEXT.formats);
  options($("format"), Object.fromEntries(marketplaces.map(({ name, title }) => [name, title])));
  for (const id of ["format", "paper"]) on(id, "change", show);
  on("download", "click", download);
  on("copy", "click", copy);
  on("zip", "click", async () => {
    let number = 0;
    for await (const zip of api.zips(form())) store(zip, (number += 1) === 1 ? "approved.zip" : `approved-${number}.zip`);
  });
}
