// The studio's back end: a folder on this machine, or a deployment's buckets. docs/studio.md describes its requests.

import { TEXT } from "./strings.js";

const KEY = "hairline-api-key"; // only a deployment asks for one; this window forgets it when it is closed

/** A request that the back end rejected. `current`: the image's newer record, for a conflict. */
export class Rejected extends Error {
  constructor(status, body) {
    const error = body?.errors?.[0];
    super(error ? [error.title, error.detail].filter(Boolean).join(" ") : TEXT.unexpected(status));
    this.status = status;
    this.current = body?.current;
  }
}

/** The back end cannot be reached. */
export class Gone extends Error {}

export const keep = (key) => sessionStorage.setItem(KEY, key);

function headers() {
  const key = sessionStorage.getItem(KEY);
  return key ? { "X-Api-Key": key } : {};
}

async function request(method, path, body) {
  const init = { method, headers: headers(), credentials: "same-origin" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(`v1/${path}`, init);
  } catch {
    throw new Gone(TEXT.gone);
  }
  if (!response.ok) throw new Rejected(response.status, await response.json().catch(() => null));
  return response;
}

const json = async (...call) => (await request(...call)).json();
const image = (id, rest = "") => `images/${encodeURIComponent(id)}${rest}`;

export const session = () => json("GET", "session");
export const list = (state, after) =>
  json("GET", `images?${new URLSearchParams(after ? { state, after } : { state })}`);
export const record = (id) => json("GET", image(id));
export const saveEdits = (id, edits) => json("PUT", image(id, "/edits"), edits);
export const decide = (id, decision) => json("PUT", image(id, "/decision"), decision);
export const compliance = (id, marketplace) =>
  json("GET", image(id, `/compliance?${new URLSearchParams({ marketplace })}`));

/** One of an image's pictures, as a Blob. version: of its entry, so that an older one is never shown. */
export const picture = async (id, view, version) =>
  (await request("GET", image(id, `/${view}?${new URLSearchParams({ v: version })}`))).blob();

/** The cutout with unsaved edits, reduced to about the screen's size. */
export async function preview(id, edits) {
  const response = await request("POST", image(id, "/preview"), edits);
  return { blob: await response.blob(), confidence: Number(response.headers.get("X-Hairline-Confidence")) };
}

export const file = async (id, query) => (await request("GET", image(id, `/download?${new URLSearchParams(query)}`))).blob();
export const zip = async (query) => (await request("GET", `approved.zip?${new URLSearchParams(query)}`)).blob();

/** Upload a file. progress: called with 0 to 1. fetch cannot tell how much was sent; XMLHttpRequest can. */
export function upload(blob, name, progress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", `v1/images?${new URLSearchParams({ name })}`);
    for (const [header, value] of Object.entries(headers())) call.setRequestHeader(header, value);
    call.responseType = "json";
    call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    call.onload = () => (call.status === 201 ? resolve(call.response) : reject(new Rejected(call.status, call.response)));
    call.onerror = () => reject(new Gone(TEXT.gone));
    call.send(blob);
  });
}
