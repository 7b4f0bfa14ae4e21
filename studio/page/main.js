// The page: it connects its parts, and begins.

import * as api from "./api.js";
import { current, viewer } from "./current.js";
import { $, calm, on, tell } from "./dom.js";
import * as decisions from "./decisions.js";
import * as downloads from "./downloads.js";
import { look, open } from "./image.js";
import * as intake from "./intake.js";
import * as keyboard from "./keyboard.js";
import * as list from "./list.js";
import * as signIn from "./sign-in.js";
import { TEXT, label } from "./strings.js";
import * as toolbar from "./toolbar.js";
import * as touchup from "./touchup.js";
import { Uploads } from "./uploads.js";

/** The list was read: the first image is opened, and the shown one again if it has changed. */
function listed(entries) {
  const { record } = current;
  const shown = entries.find((entry) => entry.id === record?.id);
  if (!record && entries.length) open(entries[0].id);
  else if (shown && shown.version !== record.version) open(shown.id);
}

function picked(tool) {
  if (tool !== "pan" && viewer.view === "compare") look("cutout")?.catch(tell); // the divider would hide half of what a brush does
}

let session;

function begin() {
  history.replaceState(null, "", location.pathname + location.hash); // the token is a cookie now; the address bar need not show it
  label(document);
  toolbar.connect();
  touchup.connect(picked);
  decisions.connect();
  keyboard.connect();
  list.connect(listed);
  signIn.connect(() => (session ? list.refresh() : start()).catch(tell));
  list.queue.choose = open;
  on("banner-close", "click", calm);
  addEventListener("beforeunload", (event) => current.edits?.dirty && event.preventDefault());
}

/** Begin to work with the back end. */
async function start() {
  session = await api.session();
  current.local = session.local;
  document.title = `${session.name} – ${TEXT.title}`;
  $("folder").textContent = session.name;
  downloads.connect(session.marketplaces);
  const uploads = new Uploads($("uploads"), session.max_bytes, list.refresh);
  intake.connect((files) => uploads.add(files));
  await list.choose("all");
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (list.queue.entries.some(({ id }) => id === wanted)) await open(wanted);
}

begin();
start().catch(tell);
