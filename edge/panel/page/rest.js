// The five quiet minutes: how to sit, how far it is, what was found.

import { ask } from "/ask.js";
import { make, span } from "/words.js";

const at = (id) => document.getElementById(id);
const SAYS = {
  "": "Good. Breathe as usual, and do not talk.",
  moving: "That was movement. Sit still: the time goes on as soon as you do.",
  poor: "The signal is poor. See that the watch sits snugly, a finger's breadth above the wrist bone.",
  off_wrist: "The watch is off the wrist. Put it on: the time goes on then.",
};
const FOUND = {
  heart_rate: (v) => `the heart beats ${Math.round(v)} times a minute`,
  pulse_rate: (v) => `the pulse beats ${Math.round(v)} times a minute`,
  rmssd: (v) => `one beat differs from the next by ${Math.round(v)} ms`,
  conductance: (v) => `the skin conducts ${v.toFixed(1)} µS`,
  temperature: (v) => `the wrist has ${v.toFixed(1)} °C`,
};
const ASK_MS = 4000;
let before = null; // what was told a second ago
let ended = ""; // how the measurement ended while this page looked on

export function showRest(rest) {
  const running = rest.progress !== null;
  if (before && before.progress !== null && !running) {
    ended = rest.measured_unix_ms !== before.measured_unix_ms ? "Done. " : "Cancelled; nothing of it was kept. ";
  }
  if (running) ended = "";
  before = rest;
  at("rest-clock").hidden = !running;
  at("rest-how").hidden = Boolean(rest.measured_unix_ms) && !running;
  at("rest-leave").hidden = !running;
  at("rest-forget").hidden = running || !rest.measured_unix_ms;
  at("rest-start").disabled = !rest.offered;
  at("rest-start").textContent = running ? "Start anew" : rest.measured_unix_ms ? "Measure again" : "Start five quiet minutes";
  at("rest-start").classList.toggle("primary", !running);
  say("rest-trouble", rest.trouble);
  say("rest-says", rest.offered || rest.measured_unix_ms ? (running ? "" : ended + result(rest)) : "A baseline needs a watch, strap or headband, and a model that judges what it measures. Pair one first.");
  if (running) showRing(rest);
}

function showRing({ progress, needed_s, refused }) {
  const left = span(Math.ceil(needed_s * (1 - progress)));
  const ring = at("ring");
  ring.setAttribute("aria-valuenow", Math.round(progress * 100));
  ring.setAttribute("aria-valuetext", `${left} to go`);
  ring.dataset.held = String(Boolean(refused));
  ring.querySelector(".over").style.strokeDasharray = `${progress * 100} 100`;
  at("rest-left").textContent = left;
  say("rest-live", SAYS[refused] || SAYS.poor);
}

function result(rest) {
  if (!rest.measured_unix_ms) return "Not measured yet: how this person is at rest is learned little by little, which takes longer.";
  const known = ([name]) => name in rest.usual && !(name === "pulse_rate" && "heart_rate" in rest.usual);
  const found = Object.entries(FOUND).filter(known).map(([name, says]) => says(rest.usual[name]));
  const last = found.length > 1 ? ` and ${found.pop()}` : "";
  const at_rest = found.length ? ` At rest ${found.join(", ")}${last}.` : "";
  return `Measured on ${new Date(rest.measured_unix_ms).toLocaleString()}, over ${span(rest.quiet_s)} quiet minutes.${at_rest} Stress is told from this.`;
}

function say(id, sentence) {
  if (at(id).textContent !== sentence) at(id).textContent = sentence;
}

async function attempt(path, method) {
  ended = "";
  say("rest-trouble", "");
  try {
    await ask(path, method ? undefined : {}, method);
  } catch (error) {
    say("rest-trouble", error.message);
  }
}

at("rest-start").addEventListener("click", () => attempt("/rest/measure"));
at("rest-leave").addEventListener("click", () => attempt("/rest/leave"));
at("rest-how").append(
  ...[
    "Sit down, both feet on the floor, the wrist with the watch on a table or in your lap.",
    "Breathe as usual. Do not talk, read, or look at a screen.",
    "Five quiet minutes are needed. What is disturbed does not count, and is waited for again.",
    "This phone may sleep meanwhile: the daemon measures, not the page.",
  ].map((line) => make("li", {}, line)),
);

// Two clicks, no dialogue: the button itself asks.
at("rest-forget").addEventListener("click", ({ currentTarget: button }) => {
  if (button.dataset.asked) {
    delete button.dataset.asked;
    button.textContent = "Delete";
    attempt("/rest", "DELETE");
    return;
  }
  button.dataset.asked = "yes";
  button.textContent = "Delete for good?";
  setTimeout(() => {
    delete button.dataset.asked;
    button.textContent = "Delete";
  }, ASK_MS);
});
