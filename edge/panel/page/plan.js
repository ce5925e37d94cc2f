// The sampling plan: what is asked of the watch and the camera, why, how long the battery lasts; a tester may hold to one.

import { ask } from "/ask.js";
import { make, span, spoken } from "/words.js";

const at = (id) => document.getElementById(id);
const WORDS = { auto: "Automatic", full: "Full", low: "Low", off: "Off" };
const buttons = Object.entries(WORDS).map(([word, title]) => {
  const button = make("button", { type: "button", "data-word": word, "aria-pressed": "false" }, title);
  button.addEventListener("click", () => force(word));
  return button;
});
at("plan-words").append(...buttons);

export function showPlan({ plan, watch, camera }) {
  at("plan-hold").hidden = !plan;
  if (!plan) {
    at("plan-mode").textContent = "all there is";
    at("plan-reason").textContent = "The watch and the camera are asked for everything they give.";
    at("plan-rates").replaceChildren();
    return;
  }
  at("plan-mode").textContent = plan.mode;
  const why = plan.reason.replace(/^\w+: /, "").replace(/\.$/, "");
  const since = plan.for_s ? `, since ${span(plan.for_s)} min` : "";
  at("plan-reason").textContent = why ? `${why[0].toUpperCase()}${why.slice(1)}${since}.` : "";
  const asked = watch.link ? plan.rates_hz : {};
  const rates = Object.entries(asked).map(([channel, hz]) => [spoken(channel), rate(hz, "a second")]);
  const rows = [["battery lasts", lasting(plan.battery_hours)], ...rates, ["camera", camera.source ? rate(plan.camera_fps, "frames a second") : "not set"]];
  at("plan-rates").replaceChildren(...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.word === plan.forced));
}

const rate = (hz, unit) => (hz ? `${Number(hz.toFixed(1))} ${unit}` : "off");

function lasting(hours) {
  if (hours === null) return "not known yet";
  if (hours < 48) return `about ${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h`;
  return `about ${Math.round(hours / 24)} days`;
}

async function force(word) {
  at("plan-trouble").textContent = "";
  try {
    await ask("/plan", { word });
  } catch (error) {
    at("plan-trouble").textContent = error.message;
  }
}
