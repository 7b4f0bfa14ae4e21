// The studio's back end: a folder on this machine, or a deployment's buckets. docs/studio-api.md describes its requests.

import { TEXT } from "./strings.js";

const KEY = "hairline-api-key"; // only a deployment asks for one; this window forgets it when it is closed
const PATIENCE = 5; // seconds that a request may be told to wait, and how often it waits
const ALL_PLANES = { stages: ["probability", "trimap"] }; // of an upload to a deployment, which stores only alpha else

let local = true; // where the back end is, as it says itself

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
export const hasKey = () => Boolean(sessionStorage.getItem(KEY));

function headers() {
  const key = sessionStorage.getItem(KEY);
  return key ? { "X-Api-Key": key } : {};
}

async function fetched(url, init) {
  try {
    return await fetch(url, init);
  } catch {
    throw new Gone(TEXT.gone);
  }
}

async function request(method, path, body) {
  const init = { method, headers: headers(), credentials: "same-origin" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  let response;
  for (let turn = 0; turn < PATIENCE; turn += 1) {
    response = await fetched(`v1/${path}`, init);
    const wait = Number(response.headers.get("Retry-After"));
    if (response.status !== 429 || wait > PATIENCE) break;
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
  if (!response.ok) throw new Rejected(response.status, await response.json().catch(() => null));
  return response;
}

const json = async (...call) => (await request(...call)).json();
const isLink = (response) => response.headers.get("Content-Type").startsWith("application/json");

/** The file behind a link, which gets no key. */
async function linked({ data }) {
  const response = await fetched(data.result_url);
  if (!response.ok) throw new Gone(TEXT.gone);
  return response.blob();
}

/** The file of a response, or the one that it links to, since a deployment's responses hold 6 MB. */
const fileOf = async (response) => (isLink(response) ? linked(await response.json()) : response.blob());

const image = (id, rest = "") => `images/${encodeURIComponent(id)}${rest}`;

export async function session() {
  const found = await json("GET", "session");
  local = found.local;
  return found;
}
/** One page of the list. format: "" for all. after: null for the first page. */
export const list = (state, format, after) =>
  json("GET", `images?${new URLSearchParams({ state, ...(format && { format }), ...(after && { after }) })}`);
export const record = (id) => json("GET", image(id));
export const saveEdits = (id, edits) => json("PUT", image(id, "/edits"), edits);
export const decide = (id, decision) => json("PUT", image(id, "/decision"), decision);
export const compliance = (id, marketplace) =>
  json("GET", image(id, `/compliance?${new URLSearchParams({ marketplace })}`));

/** One of an image's pictures, as a Blob. version: of its entry, so that an older one is never shown. */
export const picture = async (id, view, version) =>
  fileOf(await request("GET", image(id, `/${view}?${new URLSearchParams({ v: version })}`)));

/** The cutout with unsaved edits, reduced to about the screen's size. */
export async function preview(id, edits) {
  const response = await request("POST", image(id, "/preview"), edits);
  return { blob: await response.blob(), confidence: Number(response.headers.get("X-Hairline-Confidence")) };
}

export const file = async (id, query) => fileOf(await request("GET", image(id, `/download?${new URLSearchParams(query)}`)));

/** What is approved, as one ZIP, or as several where a deployment cannot make one within a request. */
export async function* zips(query) {
  let after = null;
  do {
    const response = await request("GET", `approved.zip?${new URLSearchParams(after ? { ...query, after } : query)}`);
    const link = isLink(response) ? await response.json() : null;
    yield link ? await linked(link) : await response.blob();
    after = link?.next ?? null;
  } while (after);
}

/** Upload a file. progress: called with 0 to 1. */
export async function upload(blob, name, progress) {
  if (local) return send(`v1/images?${new URLSearchParams({ name })}`, blob, progress);
  const { upload: target } = await json("POST", "jobs", { name, options: ALL_PLANES });
  const form = new FormData();
  for (const [field, value] of Object.entries(target.fields)) form.append(field, value);
  form.append("file", blob);
  return send(target.url, form, progress);
}

/** POST with progress: fetch cannot tell how much was sent; XMLHttpRequest can. */
function send(url, body, progress) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", url);
    call.responseType = "json";
    call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    call.onload = () => (call.status < 300 ? resolve(call.response) : reject(new Rejected(call.status, call.response)));
    call.onerror = () => reject(new Gone(TEXT.gone));
    call.send(body);
  });
}
