// Which part of the image the canvas shows: zoom and pan, in source pixels and pixels of the screen.

const LARGEST_ZOOM = 8; // 800 %
const MARGIN = 12; // pixels of the screen around an image that fits

const within = (value, limit) => Math.min(limit, Math.max(0, value));

export class Camera {
  #canvas;

  constructor(canvas) {
    this.#canvas = canvas;
    this.size = null; // of the source, { width, height }
    this.zoom = 1; // pixels of the screen for each pixel of the source
    this.centre = { x: 0, y: 0 }; // the source's point in the canvas's centre
  }

  get box() {
    return this.#canvas.getBoundingClientRect();
  }

  fit() {
    const { width, height } = this.box;
    this.centre = { x: this.size.width / 2, y: this.size.height / 2 };
    this.#zoomTo(Math.min(1, (width - 2 * MARGIN) / this.size.width, (height - 2 * MARGIN) / this.size.height));
  }

  /** Show [left, top, width, height] in the middle, with what is around it. */
  reveal([left, top, width, height]) {
    const { box } = this;
    this.centre = { x: left + width / 2, y: top + height / 2 };
    this.#zoomTo(Math.min(2, box.width / width / 2, box.height / height / 2));
  }

  /** at: the point of the canvas that stays where it is; by default the centre. */
  zoomBy(factor, at) {
    const { width, height } = this.box;
    const point = at ?? { x: width / 2, y: height / 2 };
    const before = this.toSource(point);
    this.#zoomTo(this.zoom * factor);
    const after = this.toSource(point);
    this.pan(before.x - after.x, before.y - after.y);
  }

  /** Move by source pixels. */
  pan(x, y) {
    this.centre = { x: within(this.centre.x + x, this.size.width), y: within(this.centre.y + y, this.size.height) };
  }

  toSource({ x, y }) {
    const { width, height } = this.box;
    return { x: (x - width / 2) / this.zoom + this.centre.x, y: (y - height / 2) / this.zoom + this.centre.y };
  }

  toScreen(x, y) {
    const { width, height } = this.box;
    return [(x - this.centre.x) * this.zoom + width / 2, (y - this.centre.y) * this.zoom + height / 2];
  }

  /** The nearest point in the image, as [x, y] in tenths of a source pixel. */
  inside({ x, y }) {
    return [within(Math.round(10 * x) / 10, this.size.width), within(Math.round(10 * y) / 10, this.size.height)];
  }

  #zoomTo(value) {
    const least = Math.min(0.05, 200 / Math.max(this.size.width, this.size.height));
    this.zoom = Math.min(LARGEST_ZOOM, Math.max(least, value));
  }
}
