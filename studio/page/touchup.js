// Strokes and options: the preview of what they lead to, and storing them.

import * as api from "./api.js";
import { choices, options, pick } from "./choices.js";
import { current, note, viewer } from "./current.js";
import { $, calm, on, tell } from "./dom.js";
import { refresh } from "./list.js";
import { INK } from "./painter.js";
import { TEXT } from "./strings.js";

let solving = false; // one preview at a time: while it is solved, later strokes are collected
let changed = false; // since the last preview was begun

/** Make a change, and show what it leads to. */
export function edited(change) {
  if (!current.edits) return;
  change(current.edits);
  controls();
  solve();
}

/** Show the edits in the controls and on the image. */
export function controls() {
  const { edits } = current;
  const { strokes, options } = edits.now;
  viewer.strokes = strokes;
  viewer.rectangle = options.roi ? options.roi.split(" ").map((side) => parseFloat(side)) : null;
  for (const name of ["shift", "feather"]) {
    $(name).value = options[name];
    document.querySelector(`output[for=${name}]`).textContent = options[name];
  }
  $("holes").value = options.holes;
  $("undo").disabled = !edits.canUndo;
  $("redo").disabled = !edits.canRedo;
  $("clear").disabled = !strokes.length && !options.roi;
  $("save").disabled = $("revert").disabled = !edits.dirty;
  viewer.draw();
}

/** Show what the edits lead to. */
export async function solve() {
  changed = true;
  if (solving) return;
  solving = true;
  try {
    while (changed) {
      changed = false;
      await preview(current.edits);
    }
  } catch (error) {
    tell(error);
  } finally {
    solving = false;
    note();
  }
}

/** Let the studio on this machine look at the image before the first stroke, which would have to wait for that. */
export function prepare() {
  const { edits, record, local } = current;
  if (local && viewer.tool in INK && record?.state === "done" && !edits.dirty) {
    api.preview(edits.id, edits.now).catch(() => {}); // the first stroke's own preview will say what is wrong
  }
}

async function preview(edits) {
  if (!edits.dirty) {
    viewer.preview = null;
    return viewer.draw();
  }
  note(TEXT.solving);
  const { blob, confidence } = await api.preview(edits.id, edits.now);
  const bitmap = await createImageBitmap(blob);
  if (edits !== current.edits || !edits.dirty) return bitmap.close();
  viewer.preview?.close();
  viewer.preview = bitmap;
  if (!Number.isNaN(confidence)) $("confidence").textContent = TEXT.confidence(confidence);
  viewer.draw();
}

/** Store the edits; the back end cuts the image again. Where that fails, they stay in this window and in its storage. */
export async function save() {
  const { edits } = current;
  const { id, now } = edits;
  const send = (revision) => api.saveEdits(id, { revision, ...now });
  const saved = await send(edits.revision).catch((error) => settled(error, edits, send));
  calm();
  edits.accepted(saved);
  if (edits === current.edits) {
    current.record = saved;
    controls();
  }
  await refresh();
}

/** A conflict: the person decides whose version stays. send: stores the person's over that revision. */
export async function settled(error, edits, send) {
  if (error.status !== 409 || !error.current) throw error;
  const mine = await new Promise((resolve) => {
    $("conflict").onclose = () => resolve($("conflict").returnValue === "mine");
    $("conflict").showModal();
  });
  if (mine) return send(error.current.revision);
  edits.reset(error.current);
  return error.current;
}

/** Make the brush larger or smaller. */
export function resize(steps) {
  viewer.radius = Math.min(200, Math.max(1, Math.round(viewer.radius * 1.15 ** steps + Math.sign(steps))));
  $("radius").value = viewer.radius;
  viewer.draw();
}

/** picked: called with the tool that a person chooses. */
export function connect(picked) {
  viewer.on.stroke = (stroke) => edited((edits) => edits.stroke(stroke));
  viewer.on.rectangle = (box) => edited((edits) => edits.option("roi", box && box.map((side) => `${side}px`).join(" ")));
  viewer.on.radius = resize;
  options($("holes"), TEXT.holeModes);
  choices("tools", TEXT.tools, (tool) => {
    viewer.tool = $("canvas").dataset.tool = tool;
    picked(tool);
    prepare();
    viewer.draw();
  });
  pick("tools", "pan");
  on("radius", "input", (event) => (viewer.radius = Number(event.target.value)));
  on("undo", "click", () => edited((edits) => edits.undo()));
  on("redo", "click", () => edited((edits) => edits.redo()));
  on("clear", "click", () => edited((edits) => edits.clear()));
  on("revert", "click", () => edited((edits) => edits.discard()));
  on("save", "click", save);
  for (const name of ["shift", "feather"]) {
    on(name, "input", (event) => (document.querySelector(`output[for=${name}]`).textContent = event.target.value));
    on(name, "change", (event) => edited((edits) => edits.option(name, Number(event.target.value))));
  }
  on("holes", "change", (event) => edited((edits) => edits.option("holes", event.target.value)));
}
