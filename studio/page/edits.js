// What a person changes on one image: strokes and options, with undo and redo. No request and no drawing happens here.

const NONE = { roi: null, holes: "auto", shift: 0, feather: 0 };

const DRAFTS = "hairline-draft:"; // unsaved edits survive a reload in local storage, until they are saved or discarded

const stateOf = ({ strokes, options }) => ({ strokes, options: { ...NONE, ...options } });
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Edits {
  #states;
  #at = 0;

  /** record: the image's, as the back end gave it. */
  constructor(record) {
    this.id = record.id;
    this.#begin(record);
    const draft = this.#draft();
    if (!draft) return;
    this.revision = draft.revision; // an older one than the record's if somebody changed the image meanwhile
    this.change({ strokes: draft.strokes, options: draft.options });
  }

  get now() {
    return this.#states[this.#at];
  }
  get dirty() {
    return !same(this.now, this.saved);
  }
  get canUndo() {
    return this.#at > 0;
  }
  get canRedo() {
    return this.#at < this.#states.length - 1;
  }

  change(parts) {
    this.#states = [...this.#states.slice(0, this.#at + 1), { ...this.now, ...parts }];
    this.#move(1);
  }
  stroke(stroke) {
    this.change({ strokes: [...this.now.strokes, stroke] });
  }
  option(name, value) {
    if (this.now.options[name] !== value) this.change({ options: { ...this.now.options, [name]: value } });
  }
  undo() {
    if (this.canUndo) this.#move(-1);
  }
  redo() {
    if (this.canRedo) this.#move(1);
  }
  clear() {
    this.change({ strokes: [], options: { ...this.now.options, roi: null } });
  }
  discard() {
    this.change(this.saved);
  }

  /** The back end has stored the edits. record: what it answered. */
  accepted(record) {
    this.saved = stateOf(record);
    this.revision = record.revision;
    this.#remember();
  }
  /** Drop everything here in favour of the record. */
  reset(record) {
    this.#begin(record);
    this.#remember();
  }
  /** The record was read again. Unsaved edits stay, and so does the revision that they were made on. */
  follow(record) {
    if (this.dirty) return;
    if (same(stateOf(record), this.now)) this.accepted(record);
    else this.reset(record);
  }

  #begin(record) {
    this.saved = stateOf(record);
    this.revision = record.revision;
    this.#states = [this.saved];
    this.#at = 0;
  }
  #move(steps) {
    this.#at += steps;
    this.#remember();
  }
  #remember() {
    try {
      if (this.dirty) localStorage.setItem(DRAFTS + this.id, JSON.stringify({ revision: this.revision, ...this.now }));
      else localStorage.removeItem(DRAFTS + this.id);
    } catch {
      // Storage is full or switched off: the edits live in this window alone.
    }
  }
  #draft() {
    try {
      return JSON.parse(localStorage.getItem(DRAFTS + this.id));
    } catch {
      return null;
    }
  }
}
