// A browser that is not signed in: a deployment asks for a key, the studio on this machine for its printed address.

import * as api from "./api.js";
import { $, warn } from "./dom.js";
import { TEXT } from "./strings.js";

/** signedIn: called when a person has given a key. Strokes that are not stored stay in the page meanwhile. */
export function connect(signedIn) {
  addEventListener("signed-out", ({ detail: status }) => {
    if (status === 401) return warn(TEXT.refused); // a deployment answers 403
    if ($("key-dialog").open) return;
    $("key-reason").textContent = api.hasKey() ? TEXT.keyRejected : TEXT.keyNeeded;
    $("key-dialog").showModal();
  });
  $("key-dialog").addEventListener("cancel", (event) => event.preventDefault());
  $("key-dialog").addEventListener("close", () => {
    api.keep($("key").value.trim());
    $("key").value = "";
    signedIn();
  });
}
