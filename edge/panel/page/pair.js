// The pair view: scan, choose, passkey, first heartbeat, done.

import { ask } from "/ask.js";
import { make, spoken } from "/words.js";

const at = (id) => document.getElementById(id);
const STEPS = { idle: 0, scanning: 0, found: 1, connecting: 2, passkey: 2, confirm: 2, done: 4 };
const BUSY = ["scanning", "connecting", "passkey", "confirm"];
let shown = "";

export function showPairing(pairing) {
  const key = JSON.stringify(pairing);
  if (key === shown) return;
  shown = key;
  const { step } = pairing;
  const stage = step === "failed" ? Math.min(pairing.devices.length, 1) : STEPS[step];
  [...document.querySelectorAll(".steps li")].forEach((item, k) => {
    item.dataset.state = k < stage ? "over" : k === stage ? "now" : "";
    if (k === stage) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  const busy = BUSY.includes(step);
  at("scan").hidden = busy;
  at("scan").textContent = step === "idle" ? "Scan" : "Scan again";
  at("pair-stop").hidden = !busy;
  at("passkey-form").hidden = step !== "passkey";
  if (step === "passkey") {
    at("digits").value = "";
    at("digits").focus();
  }
  at("pair-trouble").textContent = pairing.trouble ? sentence(pairing.trouble) : "";
  at("pair-body").replaceChildren(...body(pairing));
  const choosing = step === "found" || step === "failed";
  at("devices").replaceChildren(...(choosing ? pairing.devices.map(row) : []));
}

function body({ step, address, number, heard, devices }) {
  const name = devices.find((device) => device.address === address)?.name || address;
  if (step === "scanning") return [make("p", {}, "Listening for watches…")];
  if (step === "found" && !devices.length) return [make("p", {}, "Nothing is within reach. Wake the watch and bring it closer.")];
  if (step === "connecting") return [make("p", {}, `Talking to ${name}…`)];
  if (step === "confirm") {
    const yes = make("button", { type: "button", class: "primary" }, "They are the same");
    const no = make("button", { type: "button" }, "They differ");
    yes.addEventListener("click", () => attempt("/pair/answer", { same: true }));
    no.addEventListener("click", () => attempt("/pair/answer", { same: false }));
    const digits = make("b", { class: "digits" }, String(number).padStart(6, "0"));
    return [make("p", {}, `Does ${name} show this number?`), digits, make("div", { class: "row start" }, yes, no)];
  }
  if (step !== "done") return [];
  const level = heard.battery === null ? "recognised" : `battery at ${heard.battery} %`;
  const beat = heard.bpm === null ? level : `${heard.bpm} bpm`;
  const what = heard.bpm === null ? "First word" : "First heartbeat";
  const keep = heard.stored_in
    ? `It is written into ${heard.stored_in}.`
    : `To keep it, set watch.address = "ble:${heard.address}" in the settings.`;
  const next = heard.followed
    ? `${keep} The daemon listens to it from now on.`
    : `${keep} This daemon plays at another pace than life: start one anew to listen to it.`;
  return [
    make("p", { class: "beat" }, beat),
    make("p", {}, `${what} of ${heard.name || heard.address}, ${heard.first_s} s after it was connected. Done.`),
    make("p", { class: "fine" }, next),
    heard.followed ? make("p", {}, make("a", { class: "button", href: "#live" }, "See it live")) : "",
  ];
}

function row(device) {
  const title = device.name || device.family || "Unknown device";
  const reach = device.rssi_dbm === null ? "" : `${device.rssi_dbm} dBm, ${device.rssi_dbm > -70 ? "near" : device.rssi_dbm > -85 ? "some way off" : "far"}`;
  const about = [device.family || "not known here", device.address, reach].filter(Boolean).join(" · ");
  const choose = make("button", { type: "button", "aria-label": `Pair with ${title}, ${device.address}` }, "Pair");
  choose.addEventListener("click", () => attempt("/pair/choose", { address: device.address }));
  const gives = device.gives.length ? make("div", { class: "fine" }, `gives ${device.gives.map(spoken).join(", ")}`) : "";
  return make("li", { class: "row" }, make("div", { class: "grow" }, make("b", {}, title), make("div", { class: "fine" }, about), gives), choose);
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

async function attempt(path, told) {
  try {
    await ask(path, told);
  } catch (error) {
    at("pair-trouble").textContent = sentence(error.message);
  }
}

at("scan").addEventListener("click", () => attempt("/pair/scan", {}));
at("pair-stop").addEventListener("click", () => attempt("/pair/cancel", {}));
at("passkey-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt("/pair/answer", { passkey: Number(at("digits").value) });
});
