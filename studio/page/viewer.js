// The image on the canvas, with all that is drawn over it. It draws what it is given and reports gestures.

import { Camera } from "./camera.js";
import { Gestures } from "./gestures.js";
import { INK, Painter } from "./painter.js";

export class Viewer {
  #canvas;
  #painter;
  #drawing = false;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#painter = new Painter(this, canvas);
    this.camera = new Camera(canvas);
    this.on = { stroke() {}, rectangle() {}, zoom() {}, radius() {} }; // who listens to gestures
    this.pictures = {}; // view -> ImageBitmap
    this.versions = {}; // view -> which version of the image it shows
    this.preview = null; // ImageBitmap of the cutout with unsaved edits
    this.view = "compare";
    this.divider = 0.5; // share of the canvas that shows the original
    this.backdrop = { kind: "checks" };
    this.strokes = [];
    this.box = null; // the place of a reason: [left, top, width, height] in source pixels
    this.rectangle = null; // in which the subject is
    this.begun = {}; // the stroke or the rectangle that is being drawn
    this.cursor = null; // of the brush, in source pixels
    this.tool = "pan";
    this.radius = 24; // in pixels of the screen, so that zooming in makes the brush finer
    new Gestures(this, canvas);
    new ResizeObserver(() => this.#resized()).observe(canvas.parentElement);
  }

  /** Show another image: nothing of the last one stays. size: null where the original will tell it. */
  open(size) {
    for (const bitmap of [...Object.values(this.pictures), this.preview]) bitmap?.close();
    Object.assign(this, { pictures: {}, versions: {}, preview: null, strokes: [], box: null, rectangle: null, begun: {} });
    this.camera.size = size;
    this.fit();
  }

  show(view, version, bitmap) {
    this.pictures[view]?.close();
    this.pictures[view] = bitmap;
    this.versions[view] = version;
    if (!this.camera.size) {
      this.camera.size = { width: bitmap.width, height: bitmap.height };
      this.fit();
    }
    this.draw();
  }

  fit() {
    if (this.camera.size) this.#move(() => this.camera.fit());
  }
  zoomBy(factor, at) {
    if (this.camera.size) this.#move(() => this.camera.zoomBy(factor, at));
  }
  /** Zoom to a box. */
  reveal(box) {
    this.#move(() => this.camera.reveal(box));
  }
  pan(x, y) {
    this.#move(() => this.camera.pan(x, y));
  }
  hover(point) {
    this.cursor = point;
    if (this.tool in INK) this.draw();
  }

  /** Draw once before the next frame, however often it is called. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#painter.paint();
    });
  }

  #move(how) {
    how();
    this.on.zoom(this.camera.zoom);
    this.draw();
  }
  #resized() {
    const { width, height } = this.camera.box;
    const ratio = devicePixelRatio || 1;
    this.#canvas.width = Math.max(1, Math.round(width * ratio));
    this.#canvas.height = Math.max(1, Math.round(height * ratio));
    this.draw();
  }
}
