// One image: opening it, its verdict and its pictures.

import * as api from "./api.js";
import { current, note, viewer } from "./current.js";
import { $, element, tell } from "./dom.js";
import { show as showDownloads } from "./downloads.js";
import { Edits } from "./edits.js";
import { queue } from "./list.js";
import { stateOf } from "./queue.js";
import { TEXT } from "./strings.js";
import { controls, prepare, save, solve } from "./touchup.js";

const NEEDED = { compare: ["original", "cutout"], cutout: ["cutout", "original"] };

let opening = 0; // grows with each image that is opened, so that answers about an earlier one are dropped

/** Open another image, or read the shown one again. */
export async function open(id) {
  const { edits } = current;
  const again = edits?.id === id;
  if (!again && edits?.dirty) await save().catch(tell); // strokes are not lost by going on to another image
  const turn = ++opening;
  queue.mark(id);
  queue.reveal(id);
  try {
    const record = await api.record(id);
    if (turn !== opening) return;
    current.record = record;
    if (again) current.edits.follow(record);
    else {
      current.edits = new Edits(record);
      viewer.open(record.width && { width: record.width, height: record.height });
    }
    location.replace(`#${encodeURIComponent(id)}`);
    await shown();
    if (current.edits.dirty) solve();
    else if (!again) prepare();
  } catch (error) {
    tell(error);
  }
}

/** The image that is so many places further down the list. */
export function step(steps) {
  const id = queue.next(steps);
  return id === null ? undefined : open(id);
}

/** Show the record in the panel, and its pictures. */
export async function shown() {
  const { record } = current;
  $("panel").hidden = false;
  $("image-name").firstElementChild.textContent = $("image-name").title = record.name; // a long name is cut off
  $("confidence").textContent =
    record.confidence === null ? (record.message ?? TEXT.states[stateOf(record)]) : TEXT.confidence(record.confidence);
  $("reasons").replaceChildren(...reasons(record));
  $("approve").setAttribute("aria-pressed", String(record.decision === "approved"));
  $("reject").setAttribute("aria-pressed", String(record.decision === "rejected"));
  viewer.box = null;
  controls();
  await Promise.all([showDownloads(), pictures()]);
}

function reasons({ reasons, state }) {
  if (!reasons.length && state === "done") return [element("li", { textContent: TEXT.noReasons })];
  return reasons.map(({ code, text: given, box }) => {
    const text = TEXT.advice[code] ?? given;
    const item = element("li", { textContent: box ? "" : text });
    if (box) item.append(placed(text, box));
    return item;
  });
}

/** A reason that has a place: the image shows it while the reason has the focus or the pointer, and closer after a click. */
function placed(text, box) {
  const button = element("button", { type: "button", className: "place", textContent: text, title: TEXT.showPlace });
  const mark = (shown) => {
    viewer.box = shown;
    viewer.draw();
  };
  for (const event of ["focus", "pointerenter"]) button.addEventListener(event, () => mark(box));
  for (const event of ["blur", "pointerleave"]) button.addEventListener(event, () => mark(null));
  button.addEventListener("click", () => viewer.reveal(box));
  return button;
}

/** Show another view. */
export function look(view) {
  viewer.view = $("view").value = view;
  $("divider").hidden = view !== "compare";
  viewer.draw();
  return current.record ? pictures() : undefined;
}

/** Load what the view shows, unless it is there. */
async function pictures() {
  const turn = opening;
  const { id, name, version, state } = current.record;
  const needed = (NEEDED[viewer.view] ?? [viewer.view]).filter((view) => state === "done" || view === "original");
  $("canvas").setAttribute("aria-label", TEXT.describe(name, TEXT.views[viewer.view]));
  const missing = needed.filter((view) => viewer.versions[view] !== version);
  note(missing.length ? TEXT.loading : "");
  const loaded = await Promise.allSettled(
    missing.map(async (view) => {
      const bitmap = await createImageBitmap(await api.picture(id, view, version));
      if (turn !== opening) return bitmap.close();
      viewer.show(view, version, bitmap);
    }),
  );
  if (turn !== opening) return;
  if (!current.edits.dirty && state === "done") viewer.preview = null; // the cutout at full size has taken its place
  note();
  viewer.draw();
  // A file that is not an image has no picture. Its message is shown already.
  const failed = loaded.find(({ reason }) => reason && !(state === "failed" && reason instanceof api.Rejected));
  if (failed) throw failed.reason;
}
