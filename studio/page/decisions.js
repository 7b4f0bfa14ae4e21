// Approve, reject, and undo that.

import * as api from "./api.js";
import { current } from "./current.js";
import { $, calm, on } from "./dom.js";
import { open, shown } from "./image.js";
import { queue, refresh } from "./list.js";
import { save, settled } from "./touchup.js";

const earlier = []; // decisions that can be undone: { id, decision }

/** decision: "approved", "rejected" or null. After a decision, the next image follows. */
export async function decide(decision) {
  if (!current.record) return;
  const { id, decision: before } = current.record;
  const next = queue.next(1);
  await store(decision);
  earlier.push({ id, decision: before });
  $("undo-decision").disabled = false;
  if (queue.chosen !== id) return; // the person went on meanwhile
  if (decision && next) await open(next);
  else await shown();
}

export async function undo() {
  const last = earlier.pop();
  $("undo-decision").disabled = !earlier.length;
  if (!last) return;
  if (current.record.id !== last.id) await open(last.id);
  await store(last.decision);
  await shown();
}

async function store(decision) {
  const { edits } = current;
  if (edits.dirty) await save();
  const send = (revision) => api.decide(edits.id, { revision, decision });
  const record = await send(edits.revision).catch((error) => settled(error, edits, send));
  calm();
  edits.accepted(record);
  if (edits === current.edits) current.record = record;
  await refresh();
}

export function connect() {
  const toggle = (decision) => decide(current.record.decision === decision ? null : decision);
  on("approve", "click", () => toggle("approved"));
  on("reject", "click", () => toggle("rejected"));
  on("undo-decision", "click", undo);
}
