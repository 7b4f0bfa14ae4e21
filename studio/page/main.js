// The page: it connects the list, the picture, the edits and the back end.

import * as api from "./api.js";
import { Edits } from "./edits.js";
import { Queue, Uploads, stateOf } from "./queue.js";
import { TEXT, label } from "./strings.js";
import { Viewer } from "./viewer.js";

const SOON = 1000; // milliseconds between two looks at the list while something is being cut
const LATER = 5000;
const VIEWS = Object.keys(TEXT.views);
const $ = (id) => document.getElementById(id);

let session;
let filter = "all";
let counts = {};
let record = null; // of the image that is shown
let edits = null;
let decisions = []; // that can be undone: { id, decision }
let poll;
let opening = 0; // grows with each image that is opened, so that answers about an earlier one are dropped
let previewing = 0;

const viewer = new Viewer($("canvas"), {
  stroke: (stroke) => edited(() => edits.stroke(stroke)),
  rectangle: (box) => edited(() => edits.option("roi", box && box.map((side) => `${side}px`).join(" "))),
  zoom: (zoom) => ($("zoom-value").textContent = `${Math.round(100 * zoom)} %`),
  radius: (steps) => resize(steps),
});
const queue = new Queue($("images"), (id) => open(id));
let uploads;

// What is wrong, in words

function tell(error) {
  const expected = [api.Rejected, api.Gone, DOMException].some((kind) => error instanceof kind);
  if (!expected) throw error; // a bug: the console shows it
  if (error.status === 401 || error.status === 403) return signIn();
  $("banner").textContent = error.message;
  $("banner").hidden = false;
}
const calm = () => ($("banner").hidden = true);

function signIn() {
  if (session?.local !== false) {
    $("banner").textContent = TEXT.refused;
    $("banner").hidden = false;
  } else if (!$("key-dialog").open) $("key-dialog").showModal();
}

/** A listener that says what went wrong. */
const safely = (action) => (event) => Promise.resolve(action(event)).catch(tell);

// The list

async function refresh() {
  clearTimeout(poll);
  try {
    const entries = [];
    let after = null;
    do {
      const page = await api.list(filter, after);
      entries.push(...page.images);
      counts = page.counts;
      after = page.next;
    } while (after && entries.length < queue.entries.length);
    $("more").hidden = !after;
    $("more").dataset.after = after ?? "";
    calm();
    listed(entries);
  } catch (error) {
    tell(error);
  }
  poll = setTimeout(refresh, counts.working ? SOON : LATER);
}

function listed(entries) {
  queue.show(entries);
  for (const button of $("filters").children) {
    button.textContent = `${TEXT.filters[button.value]} ${counts[button.value] ?? 0}`;
  }
  $("progress").hidden = !counts.working;
  $("progress-bar").max = counts.all;
  $("progress-bar").value = counts.all - counts.working;
  $("progress-text").textContent = TEXT.progress(counts.all - counts.working, counts.all);
  $("zip").disabled = !counts.approved;
  $("empty").hidden = counts.all > 0;
  const shown = entries.find((entry) => entry.id === record?.id);
  if (!record && entries.length) open(entries[0].id);
  else if (shown && shown.version !== record.version) open(shown.id, true);
}

function choose(name) {
  filter = name;
  for (const button of $("filters").children) button.setAttribute("aria-pressed", String(button.value === name));
  return refresh();
}

// One image

async function open(id, again = false) {
  if (!again) await leave();
  const turn = ++opening;
  queue.mark(id);
  queue.reveal(id);
  try {
    const read = await api.record(id);
    if (turn !== opening) return;
    const fresh = !again || edits?.id !== id;
    record = read;
    if (fresh) {
      edits = new Edits(id, read);
      viewer.open({ width: read.width || 1, height: read.height || 1 });
    } else if (!edits.dirty) edits = new Edits(id, read);
    location.replace(`#${encodeURIComponent(id)}`);
    await shown();
    if (edits.dirty) solve();
  } catch (error) {
    tell(error);
  }
}

/** Edits that were not applied are, when another image is opened: nobody's strokes are lost. */
async function leave() {
  if (edits?.dirty) await save();
}

async function shown() {
  $("panel").hidden = false;
  $("image-name").firstElementChild.textContent = record.name;
  $("confidence").textContent = record.confidence === null ? record.message ?? TEXT.states[stateOf(record)] : TEXT.confidence(record.confidence);
  $("reasons").replaceChildren(...reasons());
  $("approve").setAttribute("aria-pressed", String(record.decision === "approved"));
  $("reject").setAttribute("aria-pressed", String(record.decision === "rejected"));
  $("undo-decision").disabled = !decisions.length;
  viewer.boxes = record.reasons.flatMap(({ box }, number) => (box ? [{ box, label: String(number + 1) }] : []));
  controls();
  downloads();
  await pictures();
}

function reasons() {
  const texts = record.reasons.map(({ text, box }, number) => (box ? `${number + 1}. ${text}` : text));
  if (!texts.length && record.state === "done") texts.push(TEXT.noReasons);
  return texts.map((text) => Object.assign(document.createElement("li"), { textContent: text }));
}

const NEEDED = { compare: ["original", "cutout"], cutout: ["cutout", "original"] };

async function pictures() {
  const turn = opening;
  const { id, version, state } = record;
  const needed = (NEEDED[viewer.view] ?? [viewer.view]).filter((view) => state === "done" || view === "original");
  $("canvas").setAttribute("aria-label", TEXT.describe(record.name, TEXT.views[viewer.view]));
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
  if (!edits.dirty && state === "done") viewer.preview = null; // the cutout at full size has taken its place
  note("");
  viewer.draw();
  // A file that is not an image has no picture. Its message is shown already.
  const failed = loaded.find(({ reason }) => reason && !(state === "failed" && reason instanceof api.Rejected));
  if (failed) throw failed.reason;
}

function note(text) {
  const busy = record && ["waiting", "working"].includes(record.state);
  $("note").textContent = text || (busy ? TEXT.cutting : edits?.dirty ? TEXT.unsaved : "");
}

// Edits

function edited(change) {
  if (!edits) return;
  change();
  controls();
  solve();
}

function controls() {
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

/** Show what the edits lead to. Only the newest answer counts. */
async function solve() {
  const turn = ++previewing;
  if (!edits.dirty) {
    viewer.preview = null;
    note("");
    return viewer.draw();
  }
  note(TEXT.solving);
  try {
    const { blob, confidence } = await api.preview(edits.id, edits.now);
    const bitmap = await createImageBitmap(blob);
    if (turn !== previewing || !edits.dirty) return bitmap.close();
    viewer.preview = bitmap;
    if (!Number.isNaN(confidence)) $("confidence").textContent = TEXT.confidence(confidence);
    note("");
    viewer.draw();
  } catch (error) {
    if (turn === previewing) note("");
    tell(error);
  }
}

async function save() {
  const { id, now } = edits;
  const mine = edits;
  const send = (revision) => api.saveEdits(id, { revision, ...now });
  try {
    const saved = await send(record.revision).catch((error) => settled(error, send));
    if (record?.id === id) record = saved;
    mine.accepted({ strokes: saved.strokes, options: saved.options });
    if (mine === edits) controls();
    await refresh();
  } catch (error) {
    tell(error); // the edits stay in this window and in its storage
  }
}

/** A conflict: the person decides whose version stays. */
async function settled(error, send) {
  if (error.status !== 409) throw error;
  const mine = await new Promise((resolve) => {
    $("conflict").onclose = () => resolve($("conflict").returnValue === "mine");
    $("conflict").showModal();
  });
  if (mine) return send(error.current.revision);
  edits = new Edits(error.current.id, error.current);
  edits.discard();
  return error.current;
}

// Decisions

async function decide(decision, undoing = false) {
  if (!record) return;
  if (edits.dirty) await save();
  const { id } = record;
  const before = record.decision;
  const send = (revision) => api.decide(id, { revision, decision });
  const made = await send(record.revision).catch((error) => settled(error, send));
  if (!undoing) decisions.push({ id, decision: before });
  const next = queue.next(1);
  record = made;
  await refresh();
  if (!undoing && decision && next && next !== id) await open(next);
  else await shown();
}

async function undoDecision() {
  const last = decisions.pop();
  if (!last) return;
  if (record.id !== last.id) await open(last.id);
  await decide(last.decision, true);
}

// Out

const query = () => {
  const format = $("format").value;
  if (!(format in TEXT.formats)) return { marketplace: format };
  return format === "jpeg" ? { format, background: $("paper").value } : { format };
};

async function downloads() {
  $("paper-label").hidden = $("format").value !== "jpeg";
  const ready = record?.state === "done";
  $("download").disabled = $("copy").disabled = !ready;
  $("rules").replaceChildren();
  const { marketplace } = query();
  if (!ready || !marketplace) return;
  const { id } = record;
  const { rules } = await api.compliance(id, marketplace);
  if (record.id !== id || query().marketplace !== marketplace) return;
  const rows = rules.map((rule) => {
    const row = document.createElement("li");
    row.className = rule.passes ? "passes" : "breaks";
    row.textContent = (rule.passes ? TEXT.passes : TEXT.breaks)(rule);
    return row;
  });
  $("rules").replaceChildren(...rows);
}

function store(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const stem = (name) => name.replace(/\.[^.]*$/, "");
const ending = (blob) => blob.type.split("/")[1].replace("jpeg", "jpg");

async function download() {
  if (edits.dirty) return save();
  const blob = await api.file(record.id, query());
  store(blob, `${stem(record.name)}.${ending(blob)}`);
}

async function copy() {
  const blob = api.file(record.id, { format: "png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
  note(TEXT.copied);
}

// In

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(files))).flat();
}

/** The files of a dropped file or folder; a folder tells its files a hundred at a time. */
async function files(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(files))).flat();
    found.push(...some.filter(({ name }) => !name.startsWith(".")));
  }
}

// The keyboard

const TOOLS = Object.fromEntries(Object.entries(TEXT.tools).map(([tool, [, key]]) => [key.toLowerCase(), tool]));
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => decide("approved"),
  r: () => decide("rejected"),
  u: () => undoDecision(),
  s: () => edits?.dirty && save(),
  "+": () => viewer.zoomBy(1.25),
  "=": () => viewer.zoomBy(1.25),
  "-": () => viewer.zoomBy(0.8),
  0: () => viewer.fit(),
  "[": () => resize(-1),
  "]": () => resize(1),
  "?": () => $("keys").showModal(),
};

function pressed(event) {
  if (document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=range]), select")) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "z") {
    event.preventDefault();
    return edited(() => (event.shiftKey ? edits.redo() : edits.undo()));
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key in TOOLS) return pick("tools", TOOLS[key]);
  if (VIEWS[key - 1]) return look(VIEWS[key - 1]);
  return KEYS[key]?.();
}

function step(steps) {
  const id = queue.next(steps);
  return id === null ? undefined : open(id);
}

function resize(steps) {
  viewer.radius = Math.min(200, Math.max(1, Math.round(viewer.radius * 1.15 ** steps + Math.sign(steps))));
  $("radius").value = viewer.radius;
  viewer.draw();
}

function look(view) {
  viewer.view = $("view").value = view;
  $("divider").hidden = view !== "compare";
  return record ? pictures().catch(tell) : undefined;
}

// Choices: groups of radio buttons that look like buttons

function choices(group, names, picked) {
  $(group).replaceChildren(
    ...Object.entries(names).map(([name, text]) => {
      const [words, key] = [text].flat();
      const choice = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name: group, value: name });
      input.addEventListener("change", () => picked(name));
      choice.append(input, Object.assign(document.createElement("span"), { textContent: words }));
      choice.className = name;
      choice.title = key ? `${words} (${key})` : words;
      return choice;
    }),
  );
}

function pick(group, name) {
  const input = document.querySelector(`input[name=${group}][value=${name}]`);
  input.checked = true;
  input.dispatchEvent(new Event("change"));
}

function options(select, names) {
  select.append(...Object.entries(names).map(([value, text]) => new Option(text, value)));
}

function behind(kind) {
  viewer.backdrop = { ...viewer.backdrop, kind, colour: $("colour").value };
  if (kind === "image" && !viewer.backdrop.picture) $("backdrop-file").click();
  viewer.draw();
}

// Beginning

async function begin() {
  history.replaceState(null, "", location.pathname + location.hash); // the token is a cookie now; the address bar need not show it
  label(document);
  options($("view"), TEXT.views);
  options($("holes"), TEXT.holeModes);
  choices("tools", TEXT.tools, (tool) => {
    viewer.tool = $("canvas").dataset.tool = tool;
    if (tool !== "pan" && viewer.view === "compare") look("cutout"); // the divider would hide half of what a brush does
    viewer.draw();
  });
  choices("backdrops", TEXT.backdrops, behind);
  pick("tools", "pan");
  pick("backdrops", "checks");
  look("compare");
  for (const name of Object.keys(TEXT.filters)) {
    const button = Object.assign(document.createElement("button"), { type: "button", value: name });
    button.addEventListener("click", safely(() => choose(name)));
    $("filters").append(button);
  }
  $("key-table").append(
    ...TEXT.keys.map((row) => {
      const line = document.createElement("tr");
      line.append(...row.map((text, column) => Object.assign(document.createElement(column ? "td" : "th"), { textContent: text })));
      return line;
    }),
  );
  listen();
  session = await api.session();
  document.title = `${session.name} – ${TEXT.title}`;
  $("folder").textContent = session.name;
  options($("format"), TEXT.formats);
  options($("format"), Object.fromEntries(session.marketplaces.map(({ name }) => [name, name])));
  uploads = new Uploads($("uploads"), session.max_bytes, refresh);
  await choose("all");
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (queue.entries.some((entry) => entry.id === wanted)) await open(wanted);
}

function listen() {
  const on = (id, event, action) => $(id).addEventListener(event, safely(action));
  on("add", "click", () => $("files").click());
  on("add-folder", "click", () => $("directory").click());
  for (const id of ["files", "directory"]) {
    on(id, "change", (event) => {
      uploads.add([...event.target.files]);
      event.target.value = "";
    });
  }
  on("help", "click", () => $("keys").showModal());
  on("zip", "click", async () => store(await api.zip(query()), "approved.zip"));
  on("more", "click", async () => {
    const page = await api.list(filter, $("more").dataset.after);
    $("more").hidden = !page.next;
    $("more").dataset.after = page.next ?? "";
    listed([...queue.entries, ...page.images]);
  });
  on("view", "change", (event) => look(event.target.value));
  on("colour", "input", () => pick("backdrops", "colour"));
  on("backdrop-file", "change", async (event) => {
    const [chosen] = event.target.files;
    if (!chosen) return;
    viewer.backdrop.picture = await createImageBitmap(chosen).catch(() => {
      throw new api.Rejected(415, { errors: [{ title: TEXT.notAnImage(chosen.name) }] });
    });
    pick("backdrops", "image");
  });
  on("zoom-in", "click", () => viewer.zoomBy(1.25));
  on("zoom-out", "click", () => viewer.zoomBy(0.8));
  on("fit", "click", () => viewer.fit());
  on("divider", "input", (event) => {
    viewer.divider = event.target.value / 100;
    viewer.draw();
  });
  on("approve", "click", () => decide(record.decision === "approved" ? null : "approved"));
  on("reject", "click", () => decide(record.decision === "rejected" ? null : "rejected"));
  on("undo-decision", "click", undoDecision);
  on("radius", "input", (event) => (viewer.radius = Number(event.target.value)));
  on("undo", "click", () => edited(() => edits.undo()));
  on("redo", "click", () => edited(() => edits.redo()));
  on("clear", "click", () => edited(() => edits.change({ strokes: [], options: { ...edits.now.options, roi: null } })));
  on("revert", "click", () => edited(() => edits.discard()));
  on("save", "click", save);
  for (const name of ["shift", "feather"]) on(name, "change", (event) => edited(() => edits.option(name, Number(event.target.value))));
  on("holes", "change", (event) => edited(() => edits.option("holes", event.target.value)));
  for (const id of ["format", "paper"]) on(id, "change", downloads);
  on("download", "click", download);
  on("copy", "click", copy);
  $("key-dialog").addEventListener("close", () => {
    api.keep($("key").value);
    location.reload();
  });
  document.addEventListener("keydown", safely(pressed));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragenter", () => document.body.classList.add("dropping"));
  document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dropping"));
  document.addEventListener(
    "drop",
    safely(async (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      uploads.add(await dropped(event.dataTransfer));
    }),
  );
  document.addEventListener("paste", (event) => event.clipboardData.files.length && uploads.add([...event.clipboardData.files]));
  addEventListener("beforeunload", (event) => edits?.dirty && event.preventDefault());
}

begin().catch(tell);
