// The picture: zoom, pan, before and after, backdrops, and the brush. It draws what it is given and reports gestures.

const LARGEST_ZOOM = 8; // 800 %
const CHECK = 8;
const GHOST = 0.35; // how much of the original shows where it is cut away, so that a person sees what a brush can bring back
const INK = { keep: "#1fae5b", remove: "#e0362c", matting: "#2f7de1", erase: "#8a8a8a" };

export class Viewer {
  #canvas;
  #context;
  #checks;
  #pointers = new Map();
  #gesture = null;
  #drawing = false;
  #cursor = null; // of the brush, in source pixels

  /** on: { stroke(stroke), rectangle(box), zoom(value), radius(steps) }. */
  constructor(canvas, on) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.on = on;
    this.size = null; // of the source, { width, height }
    this.pictures = {}; // view -> ImageBitmap
    this.versions = {}; // view -> which version of the image it shows
    this.preview = null; // ImageBitmap of the cutout with unsaved edits
    this.view = "compare";
    this.divider = 0.5; // share of the canvas that shows the original
    this.backdrop = { kind: "checks" };
    this.strokes = [];
    this.boxes = []; // { box: [left, top, right, bottom], label }
    this.rectangle = null;
    this.tool = "pan";
    this.radius = 24; // in pixels of the screen, so that zooming in makes the brush finer
    this.zoom = 1;
    this.centre = { x: 0, y: 0 };
    new ResizeObserver(() => this.#resized()).observe(canvas.parentElement);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#moved(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => this.#up(event));
    canvas.addEventListener("pointerleave", () => this.#hover(null));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Show another image: nothing of the last one stays. */
  open(size) {
    for (const bitmap of [...Object.values(this.pictures), this.preview]) bitmap?.close();
    Object.assign(this, { size, pictures: {}, versions: {}, preview: null, strokes: [], boxes: [], rectangle: null });
    this.fit();
  }

  show(view, version, bitmap) {
    this.pictures[view]?.close();
    this.pictures[view] = bitmap;
    this.versions[view] = version;
    this.draw();
  }

  fit() {
    if (!this.size) return this.draw();
    const { width, height } = this.#box();
    this.centre = { x: this.size.width / 2, y: this.size.height / 2 };
    this.#zoomTo(Math.min(1, (width - 24) / this.size.width, (height - 24) / this.size.height));
  }

  zoomBy(factor, at) {
    if (!this.size) return;
    const { width, height } = this.#box();
    const point = at ?? { x: width / 2, y: height / 2 };
    const before = this.#toSource(point);
    this.#zoomTo(this.zoom * factor);
    const after = this.#toSource(point);
    this.#pan(before.x - after.x, before.y - after.y);
  }

  /** Draw once before the next frame, however often it is called. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#paint();
    });
  }

  #zoomTo(value) {
    const least = Math.min(0.05, 200 / Math.max(this.size.width, this.size.height));
    this.zoom = Math.min(LARGEST_ZOOM, Math.max(least, value));
    this.on.zoom(this.zoom);
    this.draw();
  }
  #pan(x, y) {
    const within = (value, limit) => Math.min(limit, Math.max(0, value));
    this.centre = {
      x: within(this.centre.x + x, this.size.width),
      y: within(this.centre.y + y, this.size.height),
    };
    this.draw();
  }
  #box() {
    return this.#canvas.getBoundingClientRect();
  }
  #toSource({ x, y }) {
    const { width, height } = this.#box();
    return { x: (x - width / 2) / this.zoom + this.centre.x, y: (y - height / 2) / this.zoom + this.centre.y };
  }
  #toScreen(x, y) {
    const { width, height } = this.#box();
    return [(x - this.centre.x) * this.zoom + width / 2, (y - this.centre.y) * this.zoom + height / 2];
  }
  #resized() {
    const { width, height } = this.#box();
    const ratio = window.devicePixelRatio || 1;
    this.#canvas.width = Math.max(1, Math.round(width * ratio));
    this.#canvas.height = Math.max(1, Math.round(height * ratio));
    this.draw();
  }

  // Drawing

  #paint() {
    const context = this.#context;
    const ratio = this.#canvas.width / Math.max(1, this.#box().width);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.size) return;
    context.imageSmoothingEnabled = this.zoom < 2; // beyond, a person wants to see the pixels
    context.imageSmoothingQuality = "high";
    const [left, top] = this.#toScreen(0, 0);
    const width = this.size.width * this.zoom;
    const height = this.size.height * this.zoom;
    const cutout = this.preview ?? this.pictures.cutout;
    if (this.view === "compare") {
      const edge = Math.min(left + width, Math.max(left, this.#box().width * this.divider));
      this.#part(left, top, edge - left, height, () => this.#image(this.pictures.original, left, top, width, height));
      this.#part(edge, top, left + width - edge, height, () => this.#onBackdrop(cutout, left, top, width, height));
      context.fillStyle = "#fff";
      context.fillRect(edge - 1, top, 2, height);
    } else if (this.view === "cutout") {
      this.#part(left, top, width, height, () => this.#onBackdrop(cutout, left, top, width, height));
    } else {
      this.#image(this.pictures[this.view], left, top, width, height);
    }
    this.#marks();
  }
  #part(left, top, width, height, paint) {
    this.#context.save();
    this.#context.beginPath();
    this.#context.rect(left, top, Math.max(0, width), height);
    this.#context.clip();
    paint();
    this.#context.restore();
  }
  #image(bitmap, left, top, width, height) {
    if (bitmap) this.#context.drawImage(bitmap, left, top, width, height);
  }
  #onBackdrop(bitmap, left, top, width, height) {
    const { kind, colour, picture } = this.backdrop;
    const context = this.#context;
    if (kind === "image" && picture) {
      const scale = Math.max(width / picture.width, height / picture.height);
      const [wide, high] = [picture.width * scale, picture.height * scale];
      context.drawImage(picture, left + (width - wide) / 2, top + (height - high) / 2, wide, high);
    } else {
      context.fillStyle = { white: "#fff", black: "#000", colour }[kind] ?? this.#pattern();
      context.fillRect(left, top, width, height);
    }
    if (this.view === "cutout" && this.tool in INK) {
      context.globalAlpha = GHOST;
      this.#image(this.pictures.original, left, top, width, height);
      context.globalAlpha = 1;
    }
    this.#image(bitmap, left, top, width, height);
  }
  #pattern() {
    if (!this.#checks) {
      const tile = new OffscreenCanvas(2 * CHECK, 2 * CHECK);
      const context = tile.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, 2 * CHECK, 2 * CHECK);
      context.fillStyle = "#d4d4d4";
      context.fillRect(0, 0, CHECK, CHECK);
      context.fillRect(CHECK, CHECK, CHECK, CHECK);
      this.#checks = this.#context.createPattern(tile, "repeat");
    }
    return this.#checks;
  }
  #marks() {
    const context = this.#context;
    context.lineCap = context.lineJoin = "round";
    context.globalAlpha = 0.35;
    const drawn = this.tool in INK ? this.strokes : []; // with another tool, nothing covers the cutout
    for (const stroke of [...drawn, ...(this.#gesture?.stroke ? [this.#gesture.stroke] : [])]) {
      context.strokeStyle = INK[stroke.tool];
      context.lineWidth = 2 * stroke.radius * this.zoom;
      context.beginPath();
      for (const point of stroke.points) context.lineTo(...this.#toScreen(...point));
      context.lineTo(...this.#toScreen(...stroke.points.at(-1)));
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const { box, label } of this.boxes) this.#frame(box, "#d98300", label);
    const rectangle = this.#gesture?.rectangle ?? this.rectangle;
    if (rectangle) this.#frame(rectangle, "#14857a", "");
    if (this.#cursor && this.tool in INK) {
      context.strokeStyle = "#fff";
      context.lineWidth = 3;
      this.#circle();
      context.strokeStyle = INK[this.tool];
      context.lineWidth = 1.5;
      this.#circle();
    }
  }
  #circle() {
    this.#context.beginPath();
    this.#context.arc(...this.#toScreen(this.#cursor.x, this.#cursor.y), this.radius, 0, 2 * Math.PI);
    this.#context.stroke();
  }
  #frame([left, top, right, bottom], colour, label) {
    const context = this.#context;
    const [x, y] = this.#toScreen(left, top);
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.strokeRect(x, y, (right - left) * this.zoom, (bottom - top) * this.zoom);
    context.setLineDash([]);
    context.font = "600 13px system-ui, sans-serif";
    context.fillText(label, x + 4, y + 15);
  }

  // Gestures

  #at(event) {
    const { left, top } = this.#box();
    return { x: event.clientX - left, y: event.clientY - top };
  }
  #inside({ x, y }) {
    const within = (value, limit) => Math.min(limit, Math.max(0, Math.round(10 * value) / 10));
    return [within(x, this.size.width), within(y, this.size.height)];
  }
  #hover(point) {
    this.#cursor = point;
    if (this.tool in INK) this.draw();
  }
  #down(event) {
    if (!this.size) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#at(event));
    if (this.#pointers.size === 2) {
      this.#gesture = null; // two fingers move and zoom, whatever the tool is
    } else if (this.tool === "pan" || event.button !== 0) {
      this.#gesture = { pan: true };
    } else if (this.tool === "rectangle") {
      const [x, y] = this.#inside(this.#toSource(this.#at(event)));
      this.#gesture = { from: [x, y], rectangle: [x, y, x, y] };
    } else {
      this.#gesture = { stroke: this.#begun(this.#toSource(this.#at(event))) };
    }
    this.draw();
  }
  #begun(point) {
    const radius = Math.min(2000, Math.max(0.5, Math.round((10 * this.radius) / this.zoom) / 10));
    return { tool: this.tool, radius, points: [this.#inside(point)] };
  }
  #moved(event) {
    if (!this.size) return;
    const before = this.#pointers.get(event.pointerId);
    const now = this.#at(event);
    this.#hover(this.#toSource(now));
    if (!before) return;
    if (this.#pointers.size === 2) {
      const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const distance = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      this.#pan((before.x - now.x) / 2 / this.zoom, (before.y - now.y) / 2 / this.zoom);
      this.zoomBy(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    } else if (this.#gesture?.pan) {
      this.#pan((before.x - now.x) / this.zoom, (before.y - now.y) / this.zoom);
    } else if (this.#gesture?.stroke) {
      for (const part of event.getCoalescedEvents?.() ?? [event]) {
        this.#gesture.stroke.points.push(this.#inside(this.#toSource(this.#at(part))));
      }
    } else if (this.#gesture?.rectangle) {
      const [x, y] = this.#inside(this.#toSource(now));
      const [left, top] = this.#gesture.from;
      this.#gesture.rectangle = [Math.min(left, x), Math.min(top, y), Math.max(left, x), Math.max(top, y)];
    }
    this.#pointers.set(event.pointerId, now);
    this.draw();
  }
  #up(event) {
    this.#pointers.delete(event.pointerId);
    const gesture = this.#gesture;
    this.#gesture = null;
    if (event.type === "pointerup" && gesture?.stroke) this.on.stroke(gesture.stroke);
    if (event.type === "pointerup" && gesture?.rectangle) {
      const [left, top, right, bottom] = gesture.rectangle;
      this.on.rectangle(right - left < 2 || bottom - top < 2 ? null : gesture.rectangle.map(Math.round));
    }
    this.draw();
  }
  #wheel(event) {
    if (!this.size) return;
    event.preventDefault();
    if (event.ctrlKey && this.tool in INK) this.on.radius(event.deltaY < 0 ? 1 : -1);
    else this.zoomBy(Math.exp(-event.deltaY / 400), this.#at(event));
  }
  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!this.size || event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps) {
      const [x, y] = steps.map((step) => (step * (event.shiftKey ? 50 : 10)) / this.zoom);
      if (this.tool in INK) {
        const from = this.#cursor ?? this.centre;
        const [across, down] = this.#inside({ x: from.x + x, y: from.y + y });
        this.#hover({ x: across, y: down });
      } else this.#pan(x, y);
    } else if (event.key === "Enter" && this.tool in INK) {
      this.on.stroke(this.#begun(this.#cursor ?? this.centre));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
