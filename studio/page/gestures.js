// What pointers, the wheel and the keys do on the canvas: move, zoom, draw strokes and a rectangle.

import { INK } from "./painter.js";

export class Gestures {
  #viewer;
  #canvas;
  #pointers = new Map(); // id -> where it was last, on the canvas
  #panning = false;

  constructor(viewer, canvas) {
    this.#viewer = viewer;
    this.#canvas = canvas;
    const on = (event, action, settings) =>
      canvas.addEventListener(event, (details) => viewer.camera.size && action.call(this, details), settings);
    on("pointerdown", this.#down);
    on("pointermove", this.#moved);
    for (const end of ["pointerup", "pointercancel"]) on(end, this.#up);
    on("pointerleave", () => viewer.hover(null));
    on("wheel", this.#wheel, { passive: false });
    on("keydown", this.#key);
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #at(event) {
    const { left, top } = this.#viewer.camera.box;
    return { x: event.clientX - left, y: event.clientY - top };
  }
  #point(event) {
    const { camera } = this.#viewer;
    return camera.inside(camera.toSource(this.#at(event)));
  }

  #down(event) {
    const viewer = this.#viewer;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#at(event));
    viewer.begun = {};
    if (this.#pointers.size === 2) {
      this.#panning = false; // two fingers move and zoom, whatever the tool is
    } else if (viewer.tool === "pan" || event.button !== 0) {
      this.#panning = true;
    } else if (viewer.tool === "rectangle") {
      const [x, y] = this.#point(event);
      viewer.begun = { from: [x, y], rectangle: [x, y, x, y] };
    } else {
      viewer.begun = { stroke: this.#stroke(this.#point(event)) };
    }
    viewer.draw();
  }

  #stroke(point) {
    const { tool, radius, camera } = this.#viewer;
    return { tool, radius: Math.min(2000, Math.max(0.5, Math.round((10 * radius) / camera.zoom) / 10)), points: [point] };
  }

  #moved(event) {
    const viewer = this.#viewer;
    const { camera, begun } = viewer;
    const before = this.#pointers.get(event.pointerId);
    const now = this.#at(event);
    viewer.hover(camera.toSource(now));
    if (!before) return;
    if (this.#pointers.size === 2) {
      this.#pinched(event.pointerId, before, now);
    } else if (this.#panning) {
      viewer.pan((before.x - now.x) / camera.zoom, (before.y - now.y) / camera.zoom);
    } else if (begun.stroke) {
      const parts = event.getCoalescedEvents?.() ?? [];
      for (const part of parts.length ? parts : [event]) begun.stroke.points.push(this.#point(part));
    } else if (begun.rectangle) {
      const [x, y] = this.#point(event);
      const [left, top] = begun.from;
      begun.rectangle = [Math.min(left, x), Math.min(top, y), Math.max(left, x), Math.max(top, y)];
    }
    this.#pointers.set(event.pointerId, now);
    viewer.draw();
  }

  #pinched(id, before, now) {
    const viewer = this.#viewer;
    const [other] = [...this.#pointers].filter(([another]) => another !== id).map(([, point]) => point);
    const distance = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    viewer.pan((before.x - now.x) / 2 / viewer.camera.zoom, (before.y - now.y) / 2 / viewer.camera.zoom);
    viewer.zoomBy(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  #up(event) {
    const viewer = this.#viewer;
    const { stroke, rectangle } = viewer.begun;
    this.#pointers.delete(event.pointerId);
    this.#panning = false;
    viewer.begun = {};
    viewer.draw();
    if (event.type !== "pointerup") return;
    if (stroke) viewer.on.stroke(stroke);
    if (rectangle) {
      const [left, top, right, bottom] = rectangle;
      viewer.on.rectangle(right - left < 2 || bottom - top < 2 ? null : rectangle.map(Math.round));
    }
  }

  #wheel(event) {
    const viewer = this.#viewer;
    event.preventDefault();
    if (event.ctrlKey && viewer.tool in INK) viewer.on.radius(event.deltaY < 0 ? 1 : -1);
    else viewer.zoomBy(Math.exp(-event.deltaY / 400), this.#at(event));
  }

  #key(event) {
    const viewer = this.#viewer;
    const { camera } = viewer;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const brushing = viewer.tool in INK;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (steps) {
      const [x, y] = steps.map((step) => (step * (event.shiftKey ? 50 : 10)) / camera.zoom);
      const from = viewer.cursor ?? camera.centre;
      const [across, down] = camera.inside({ x: from.x + x, y: from.y + y });
      if (brushing) viewer.hover({ x: across, y: down });
      else viewer.pan(x, y);
    } else if (event.key === "Enter" && brushing) {
      viewer.on.stroke(this.#stroke(camera.inside(viewer.cursor ?? camera.centre)));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
