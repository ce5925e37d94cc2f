// What is wrong, with its cure, on top of every view but the doctor's, which tells it itself.

import { make, marked } from "/words.js";

const PILLS = { Watch: "watch silent", "Watch battery": "battery low", Camera: "no frames", Broker: "broker trouble", Outbox: "disk trouble" };
const place = document.querySelector("#troubles");
const AWAY = {
  name: "The daemon does not answer",
  state: "bad",
  cure: "See that it runs: `systemctl status vagus`, and that this device is in its network. This page goes on by itself.",
};

// In one word or two, for the corner of every view.
export function pill({ troubles, watch, camera }) {
  if (!watch.link && !camera.source) return ["off", "nothing set"];
  if (!troubles.length) return ["good", "live"];
  const state = troubles.some((each) => each.state === "bad") ? "bad" : "warn";
  return [state, troubles.length > 1 ? `${troubles.length} troubles` : title(troubles[0].name)];
}

const title = (name) => PILLS[name] || name;

// True when there are others than before. A reader is told those, and not every second how long they last.
export function showTroubles(troubles) {
  delete document.body.dataset.stale;
  const key = JSON.stringify(troubles.map(({ name, state, cure }) => [name, state, cure]));
  const before = place.dataset.key; // not there until the daemon has been heard
  if (before !== key) {
    place.dataset.key = key;
    place.replaceChildren(...troubles.map(row));
  }
  troubles.forEach(({ says }, k) => {
    const said = place.children[k].querySelector(".says");
    if (said.textContent !== says) said.textContent = says;
  });
  return before !== undefined && before !== key;
}

// What stands on the page is from then, and says nothing of now.
export function showAway(since) {
  if (document.body.dataset.stale) return;
  document.body.dataset.stale = "yes";
  place.dataset.key = "";
  const then = since ? `What stands here is from ${since.toLocaleTimeString()}.` : "";
  place.replaceChildren(row(AWAY));
  place.querySelector(".says").textContent = then;
}

function row({ name, state, cure }) {
  const head = title(name);
  return make(
    "div", { class: "trouble-card", "data-state": state },
    make("p", {}, make("b", {}, `${head[0].toUpperCase()}${head.slice(1)}.`), " ", make("span", { class: "says", "aria-live": "off" })),
    cure ? make("p", { class: "cure" }, ...marked(cure)) : "",
  );
}
