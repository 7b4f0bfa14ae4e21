// What a person changes on one image: strokes and options, with undo and redo. No request and no drawing happens here.

export const NONE = Object.freeze({
  strokes: Object.freeze([]),
  options: Object.freeze({ roi: null, holes: "auto", shift: 0, feather: 0 }),
});

const DRAFTS = "hairline-draft:"; // unsaved edits survive a reload in local storage, until they are saved or discarded

export class Edits {
  #states;
  #at = 0;

  /** saved: the record's strokes and options. */
  constructor(id, saved) {
    this.id = id;
    this.saved = { strokes: saved.strokes, options: { ...NONE.options, ...saved.options } };
    this.#states = [this.saved];
    const draft = this.#draft();
    if (draft) this.change(draft);
  }

  get now() {
    return this.#states[this.#at];
  }
  get dirty() {
    return JSON.stringify(this.now) !== JSON.stringify(this.saved);
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
  discard() {
    this.change(this.saved);
  }

  /** The back end holds what `now` was: `state`. */
  accepted(state) {
    this.saved = state;
    this.#remember();
  }

  #move(steps) {
    this.#at += steps;
    this.#remember();
  }
  #remember() {
    try {
      if (this.dirty) localStorage.setItem(DRAFTS + this.id, JSON.stringify(this.now));
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
