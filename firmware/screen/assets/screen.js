// The customer screen: shows what the terminal tells, and nothing once it is told no more.

import { Dialogue } from "/dialogue.js";
import { scene, service } from "/scenes.js";

const SILENCE_MS = 4000; // four beats
const NOTICE_MS = 6000;
const AGAIN_MS = 2000;
const NOTHING = { scenery: "silent", window: null, visit: null, ticket: null, service: null, sheet: null };

const id = (name) => document.getElementById(name);
const dialogue = new Dialogue(id("dialogue"));
let visit = null;
let shown = "";
let heardMs = performance.now();
let noticeTimer = 0;
let busy = false;

function notice(text) {
  clearTimeout(noticeTimer);
  id("notice").textContent = text;
  id("notice").hidden = text === "";
  if (text) noticeTimer = setTimeout(() => notice(""), NOTICE_MS);
}

async function post(verb, body) {
  if (busy) return;
  busy = true;
  notice("");
  try {
    const answer = await fetch(`/api/${verb}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (!answer.ok) {
      const told = await answer.json();
      notice(`${told.message_zh} ${told.message_en}`);
    }
  } catch {
    notice("请再试一次。 Please try again.");
  }
  busy = false;
}

const acts = {
  confirm: (sheet) => post("confirm", { sheet }),
  dispute: (sheet, rows) => post("dispute", { sheet, rows }),
  sign: (sheet, drawing) => post("sign", { sheet, drawing }),
  rate: (request, level) => post("rate", { request, level }),
};

function larger(on) {
  document.documentElement.classList.toggle("larger", on);
  id("larger").ariaPressed = String(on);
}

// Another visit, or none: nothing of the one before stays, neither here nor in what was typed.
function leave(next) {
  visit = next;
  dialogue.end();
  notice("");
  larger(false);
  id("type").hidden = next === null;
}

function show(frame) {
  if (frame.visit !== visit) leave(frame.visit);
  id("service").replaceChildren(...service(frame));
  const { version, service: who, ...rest } = frame;
  // A picture that says the same is left alone: somebody may be signing on it.
  const now = JSON.stringify(["sheet", "sign"].includes(frame.scenery) ? [frame.scenery, frame.sheet] : [rest, who]);
  if (now === shown) return;
  shown = now;
  id("scene").replaceChildren(scene(frame, acts));
  id("scene").dataset.scenery = frame.scenery;
  // Whoever goes by keys begins at the new picture, not at the end of the page.
  if (id("dialogue").hidden) id("scene").focus();
}

function listen() {
  const events = new EventSource("/events");
  const heard = () => { heardMs = performance.now(); };
  events.addEventListener("frame", (event) => { heard(); show(JSON.parse(event.data)); });
  events.addEventListener("beat", heard);
  events.addEventListener("error", () => {
    show(NOTHING);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}

setInterval(() => { if (performance.now() - heardMs > SILENCE_MS) show(NOTHING); }, 1000);
document.addEventListener("contextmenu", (event) => event.preventDefault());
id("larger").addEventListener("click", () => larger(id("larger").ariaPressed !== "true"));
id("speak").addEventListener("click", () => post("speak", {}));
id("type").addEventListener("click", () => dialogue.begin());
show(NOTHING);
listen();
