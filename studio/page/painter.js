// Draws the image on the canvas: before and after, backdrops, strokes, and boxes of the reasons.

const CHECK = 8;
const GHOST = 0.35; // how much of the original shows where it is cut away, so that a person sees what a brush can bring back
export const INK = { keep: "#1fae5b", remove: "#e0362c", matting: "#2f7de1", erase: "#8a8a8a" };

export class Painter {
  #viewer;
  #canvas;
  #context;
  #checks;

  constructor(viewer, canvas) {
    this.#viewer = viewer;
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  paint() {
    const { camera, view, pictures, divider } = this.#viewer;
    const context = this.#context;
    const ratio = this.#canvas.width / Math.max(1, camera.box.width);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!camera.size) return;
    context.imageSmoothingEnabled = camera.zoom < 2; // beyond, a person wants to see the pixels
    context.imageSmoothingQuality = "high";
    const [left, top] = camera.toScreen(0, 0);
    const place = [left, top, camera.size.width * camera.zoom, camera.size.height * camera.zoom];
    if (view === "compare") this.#compared(place, left + place[2], Math.max(left, camera.box.width * divider));
    else if (view === "cutout") this.#clipped(place, () => this.#cutout(place));
    else this.#image(pictures[view], place);
    this.#marks();
  }

  #compared(place, right, wanted) {
    const [left, top, , height] = place;
    const edge = Math.min(right, wanted);
    this.#clipped([left, top, edge - left, height], () => this.#image(this.#viewer.pictures.original, place));
    this.#clipped([edge, top, right - edge, height], () => this.#cutout(place));
    this.#context.fillStyle = "#fff";
    this.#context.fillRect(edge - 1, top, 2, height);
  }

  #clipped([left, top, width, height], paint) {
    this.#context.save();
    this.#context.beginPath();
    this.#context.rect(left, top, Math.max(0, width), height);
    this.#context.clip();
    paint();
    this.#context.restore();
  }

  #image(bitmap, place) {
    if (bitmap) this.#context.drawImage(bitmap, ...place);
  }

  #cutout(place) {
    const { view, tool, pictures, preview } = this.#viewer;
    this.#backdrop(place);
    if (view === "cutout" && tool in INK) {
      this.#context.globalAlpha = GHOST;
      this.#image(pictures.original, place);
      this.#context.globalAlpha = 1;
    }
    this.#image(preview ?? pictures.cutout, place);
  }

  #backdrop([left, top, width, height]) {
    const { kind, colour, picture } = this.#viewer.backdrop;
    if (kind === "image" && picture) {
      const scale = Math.max(width / picture.width, height / picture.height);
      const [wide, high] = [picture.width * scale, picture.height * scale];
      this.#context.drawImage(picture, left + (width - wide) / 2, top + (height - high) / 2, wide, high);
    } else {
      this.#context.fillStyle = { white: "#fff", black: "#000", colour }[kind] ?? this.#pattern();
      this.#context.fillRect(left, top, width, height);
    }
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
    const { tool, strokes, begun, rectangle, box, radius, cursor } = this.#viewer;
    const drawn = tool in INK ? strokes : []; // with another tool, nothing covers the cutout
    for (const stroke of [...drawn, ...(begun.stroke ? [begun.stroke] : [])]) this.#stroke(stroke);
    if (box) this.#frame([box[0], box[1], box[0] + box[2], box[1] + box[3]], "#d98300");
    const marked = begun.rectangle ?? rectangle;
    if (marked) this.#frame(marked, "#14857a");
    if (!cursor || !(tool in INK)) return;
    this.#circle(cursor, radius, "#fff", 3);
    this.#circle(cursor, radius, INK[tool], 1.5);
  }

  #stroke({ tool, radius, points }) {
    const { camera } = this.#viewer;
    const context = this.#context;
    context.lineCap = context.lineJoin = "round";
    context.globalAlpha = 0.35;
    context.strokeStyle = INK[tool];
    context.lineWidth = 2 * radius * camera.zoom;
    context.beginPath();
    for (const point of points) context.lineTo(...camera.toScreen(...point));
    context.lineTo(...camera.toScreen(...points.at(-1)));
    context.stroke();
    context.globalAlpha = 1;
  }

  #circle({ x, y }, radius, colour, width) {
    this.#context.strokeStyle = colour;
    this.#context.lineWidth = width;
    this.#context.beginPath();
    this.#context.arc(...this.#viewer.camera.toScreen(x, y), radius, 0, 2 * Math.PI);
    this.#context.stroke();
  }

  #frame([left, top, right, bottom], colour) {
    const { camera } = this.#viewer;
    const context = this.#context;
    const place = [...camera.toScreen(left, top), (right - left) * camera.zoom, (bottom - top) * camera.zoom];
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.strokeRect(...place);
    context.strokeStyle = colour;
    context.setLineDash([6, 4]);
    context.strokeRect(...place);
    context.setLineDash([]);
  }
}
