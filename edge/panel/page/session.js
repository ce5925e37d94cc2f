// The session view: consent, record, tag, download, delete.

import { ask } from "/ask.js";
import { make, size, span } from "/words.js";

const at = (id) => document.getElementById(id);
const WORDS = ["calm", "arithmetic", "talking", "reading", "walking", "stress", "watch moved"];
const NOTES_MS = 800;
let known = null; // the running recording's name, or ""
let notesTimer = 0;

export function showSession(running) {
  const name = running ? running.name : "";
  at("begin").hidden = Boolean(running);
  at("running").hidden = !running;
  if (name !== known) {
    known = name;
    if (running) at("notes").value = running.notes;
    at("agreed").checked = false;
    at("start").disabled = true;
    list();
  }
  if (!running) return;
  at("elapsed").textContent = span(running.elapsed_s);
  const who = running.person ? `${running.person}, ` : "";
  at("running-says").textContent = `${who}${running.packets.toLocaleString("en")} packets`;
  const key = `${name} ${running.tags.length}`;
  if (at("tags").dataset.key !== key) {
    at("tags").dataset.key = key;
    const line = (tag) => make("li", {}, make("time", {}, span(tag.at_ms / 1000)), tag.word);
    at("tags").replaceChildren(...[...running.tags].reverse().map(line));
  }
}

export async function list() {
  const answer = await attempt(async () => (await ask("/session")).json());
  if (!answer) return;
  at("consent").textContent = answer.consent;
  if (answer.trouble) say(`The last recording ended by itself: ${answer.trouble}.`);
  const done = answer.recordings.filter((each) => !each.running);
  at("kept").replaceChildren(
    ...(done.length ? done.map(row) : [make("li", { class: "none" }, "None yet.")]),
  );
}

function row(each) {
  const moment = each.started_unix_ms ? new Date(each.started_unix_ms).toLocaleString() : each.name;
  const about = [each.person, size(each.size), each.tags === 1 ? "1 tag" : `${each.tags} tags`].filter(Boolean).join(" · ");
  const download = make("a", { class: "button", href: `/recordings/${each.name}`, download: "" }, "Download");
  download.setAttribute("aria-label", `Download the recording of ${moment}`);
  const remove = make("button", { type: "button", "aria-label": `Delete the recording of ${moment}` }, "Delete");
  remove.addEventListener("click", () => reallyDelete(remove, each.name));
  const notes = each.notes ? make("div", {}, each.notes) : "";
  return make("li", {}, make("div", {}, make("b", {}, moment)), make("div", { class: "fine" }, about), notes, make("div", { class: "row" }, download, remove));
}

// Two clicks, no dialogue: the button itself asks.
function reallyDelete(button, name) {
  if (button.dataset.asked) {
    attempt(async () => {
      await ask(`/recordings/${name}`, undefined, "DELETE");
      await list();
    });
    return;
  }
  button.dataset.asked = "yes";
  button.classList.add("danger");
  button.textContent = "Delete for good?";
  button.removeAttribute("aria-label");
  setTimeout(() => {
    delete button.dataset.asked;
    button.classList.remove("danger");
    button.textContent = "Delete";
  }, 4000);
}

async function attempt(what) {
  say("");
  try {
    return await what();
  } catch (error) {
    say(error.message);
    return null;
  }
}

function say(sentence) {
  at("session-trouble").textContent = sentence;
}

at("agreed").addEventListener("change", () => {
  at("start").disabled = !at("agreed").checked;
});
at("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => ask("/session/start", { consent: at("agreed").checked, person: at("person").value, notes: at("first-notes").value }));
});
at("stop").addEventListener("click", () => attempt(() => ask("/session/stop", {})));
at("own-word").addEventListener("submit", (event) => {
  event.preventDefault();
  const word = at("word-field").value.trim();
  if (word) attempt(() => ask("/session/tag", { word }));
  at("word-field").value = "";
});
at("notes").addEventListener("input", () => {
  clearTimeout(notesTimer);
  at("notes-says").textContent = "";
  notesTimer = setTimeout(async () => {
    const saved = await attempt(() => ask("/session/notes", { notes: at("notes").value }));
    at("notes-says").textContent = saved ? "Notes are kept." : "";
  }, NOTES_MS);
});
at("words").append(
  ...WORDS.map((word) => {
    const button = make("button", { type: "button" }, word);
    button.addEventListener("click", () => attempt(() => ask("/session/tag", { word })));
    return button;
  }),
);
