// Above the image: the view, what is behind the cutout, and zoom.

import * as api from "./api.js";
import { choices, options, pick } from "./choices.js";
import { viewer } from "./current.js";
import { $, on } from "./dom.js";
import { look } from "./image.js";
import { TEXT } from "./strings.js";

const STEP = 1.25;

export const zoomIn = () => viewer.zoomBy(STEP);
export const zoomOut = () => viewer.zoomBy(1 / STEP);

function behind(kind) {
  viewer.backdrop = { ...viewer.backdrop, kind, colour: $("colour").value };
  if (kind === "image" && !viewer.backdrop.picture) $("backdrop-file").click();
  viewer.draw();
}

async function chosen(event) {
  const [file] = event.target.files;
  if (!file) return;
  viewer.backdrop.picture = await createImageBitmap(file).catch(() => {
    throw new api.Rejected(415, { errors: [{ title: TEXT.notAnImage(file.name) }] });
  });
  pick("backdrops", "image");
}

export function connect() {
  options($("view"), TEXT.views);
  choices("backdrops", TEXT.backdrops, behind);
  pick("backdrops", "checks");
  look("compare");
  viewer.on.zoom = (zoom) => ($("zoom-value").textContent = `${Math.round(100 * zoom)} %`);
  on("view", "change", (event) => look(event.target.value));
  on("colour", "input", () => pick("backdrops", "colour"));
  on("backdrop-file", "change", chosen);
  on("zoom-in", "click", zoomIn);
  on("zoom-out", "click", zoomOut);
  on("fit", "click", () => viewer.fit());
  on("divider", "input", (event) => {
    viewer.divider = event.target.value / 100;
    viewer.draw();
  });
}
