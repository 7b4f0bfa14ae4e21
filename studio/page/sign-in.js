// A browser that is not signed in: a deployment asks for a key, the studio on this machine for its printed address.

import * as api from "./api.js";
import { $, warn } from "./dom.js";
import { TEXT } from "./strings.js";

/** isLocal: whether the back end is on this machine; true until it is known. */
export function connect(isLocal) {
  addEventListener("signed-out", () => {
    if (isLocal()) warn(TEXT.refused);
    else if (!$("key-dialog").open) $("key-dialog").showModal();
  });
  $("key-dialog").addEventListener("close", () => {
    api.keep($("key").value);
    location.reload();
  });
}
