// The live view: signals as they come, everything else once a second.

import { showCamera } from "/camera.js";
import { Trace } from "/chart.js";
import { ago, make, ms, percent, spoken } from "/words.js";

const at = (id) => document.getElementById(id);
const COLOURS = ["pulse", "beats", "skin", "x", "y", "z", "line", "soft"];
const TRACES = {
  pulse: ["c-pulse", { rows: ["pulse"], spanS: 8, widest: 3, breakMs: 400, least: 1, scale: false }],
  beat_interval: ["c-beats", { rows: ["beats"], spanS: 90, widest: 2, breakMs: 4000, least: 100, dots: true }],
  skin_conductance: ["c-skin", { rows: ["skin"], spanS: 90, widest: 2, breakMs: 3000, least: 0.2, digits: 2 }],
  motion: ["c-motion", { rows: ["x", "y", "z"], spanS: 20, widest: 3, breakMs: 800, least: 0.5, digits: 1 }],
};
const OUTPUTS = {
  heart_rate: ["v-pulse", (v) => Math.round(v[0])],
  beat_interval: ["v-beats", (v) => Math.round(v[0])],
  skin_conductance: ["v-skin", (v) => v[0].toFixed(2)],
  motion: ["v-motion", (v) => Math.hypot(...v).toFixed(2)],
};
const still = matchMedia("(prefers-reduced-motion: reduce)");
const traces = new Map();
const newest = new Map();
let colours = {};
let clock = null; // { stream, host, speed }
let drawing = 0;
let lastDrawn = 0;

export function takeColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const streamNow = () => clock.stream + (performance.now() - clock.host) * clock.speed;

// A fast replay is shown over a longer span, or it could not be followed.
function traceOf(channel) {
  if (!traces.has(channel)) {
    const [id, options] = TRACES[channel];
    const wider = Math.min(Math.max(clock.speed, 1), options.widest);
    const narrower = Math.min(Math.max(at(id).clientWidth / 600, 0.5), 1); // a phone shows half as much
    traces.set(channel, new Trace(at(id), { ...options, spanS: options.spanS * wider * narrower }));
  }
  return traces.get(channel);
}

export function showSignals(bunches) {
  if (!clock) return;
  const now = streamNow();
  for (const [channel, bunch] of Object.entries(bunches)) {
    newest.set(channel, bunch.v.map((row) => row[row.length - 1]));
    if (channel in TRACES) traceOf(channel).push(bunch, now);
  }
}

export function showState(told) {
  const { daemon } = told;
  // The clock is taken anew only when it has strayed: a message that was late must not make the lines jump.
  const stray = clock ? Math.abs(daemon.stream_ms - streamNow()) / daemon.speed : Infinity;
  if (stray > 250 || clock.speed !== daemon.speed) {
    clock = { stream: daemon.stream_ms, host: performance.now(), speed: daemon.speed };
  }
  at("pace").textContent = daemon.speed === 1 ? "" : `${daemon.speed} times as fast as life`;
  showJudgement(daemon);
  showCamera(daemon.camera);
  showJourney(daemon.journey);
  showFacts(daemon);
  showAlerts(daemon.alerts);
  for (const [channel, [id, read]] of Object.entries(OUTPUTS)) {
    if (newest.has(channel)) at(id).textContent = read(newest.get(channel));
  }
  for (const trace of traces.values()) {
    const note = trace.canvas.previousElementSibling.querySelector("i");
    const says = trace.every ? `${trace.every} s a line` : "";
    if (note.textContent !== says) note.textContent = says;
  }
}

function showJudgement(daemon) {
  const { judgement } = daemon;
  at("state").dataset.state = daemon.state;
  if (at("word").textContent !== daemon.state) at("word").textContent = daemon.state;
  if (daemon.reason) at("reason").textContent = told(daemon.reason);
  const gauge = at("gauge");
  gauge.dataset.over = String(Boolean(judgement && judgement.stress >= daemon.threshold));
  gauge.querySelector(".fill").style.width = judgement ? percent(judgement.stress).replace(" ", "") : "0";
  gauge.querySelector(".mark").style.left = `${daemon.threshold * 100}%`;
  at("threshold").style.left = `${Math.min(Math.max(daemon.threshold * 100, 18), 82)}%`;
  at("threshold").textContent = `stress from ${percent(daemon.threshold)}`;
  if (!judgement) {
    gauge.setAttribute("aria-label", "Stress is not known yet");
    at("sources").replaceChildren();
    at("emotions").replaceChildren();
    at("age").textContent = at("moment").textContent = "";
    return;
  }
  gauge.setAttribute("aria-label", `Stress ${percent(judgement.stress)}; it counts from ${percent(daemon.threshold)}`);
  at("moment").textContent = percent(judgement.stress);
  bars("sources", [["wrist", judgement.wrist], ["face", judgement.face]]);
  const emotions = Object.entries(judgement.emotion || {}).sort((a, b) => b[1] - a[1]);
  bars("emotions", emotions.slice(0, 3));
  const how = judgement.modalities.join(" and ");
  at("age").textContent = `Judged by ${how}, ${ago(judgement.age_s)}. The state follows an average, so it changes later.`;
}

// "stress: stress 81% from face and wrist; heart rate raised" as a sentence.
function told(reason) {
  const words = reason.replace(/^\w+: /, "");
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}

function bars(id, rows) {
  const list = at(id);
  const known = rows.filter(([, value]) => value !== null && value !== undefined);
  if (list.childElementCount !== known.length * 3) {
    list.replaceChildren(
      ...known.flatMap(() => [make("dt"), make("dd", { class: "bar", "aria-hidden": "true" }, make("i")), make("dd")]),
    );
  }
  known.forEach(([name, value], k) => {
    const [title, bar, figure] = [...list.children].slice(k * 3, k * 3 + 3);
    title.textContent = name;
    bar.firstChild.style.width = `${value * 100}%`;
    figure.textContent = percent(value);
  });
}

function showJourney(journey) {
  const legs = { sensor: journey.sensor_ms, infer: journey.infer_ms, publish: journey.publish_p50_ms };
  for (const [name, value] of Object.entries(legs)) {
    const all = name === "publish" && value !== null ? " in all" : "";
    document.querySelector(`[data-leg="${name}"] .leg`).textContent = ms(value) + all;
  }
  if (journey.infer_ms === null) return;
  const alerts = journey.published
    ? `Alerts reach the broker ${ms(journey.publish_p50_ms)} after receipt (half of them), ${ms(journey.publish_p99_ms)} (99 in 100); ${journey.published} so far.`
    : "No alert was published yet.";
  at("legs-says").textContent = `The newest packet and prediction. ${alerts}`;
}

function showFacts(daemon) {
  const { watch, relay } = daemon;
  const clockSays = watch.clock
    ? [`± ${watch.clock.uncertainty_ms.toFixed(1)} ms`, `drifts ${signed(watch.clock.drift_ppm)} ppm; offset ${(watch.clock.offset_ms / 1000).toFixed(1)} s`]
    : ["unknown", "no time stamp heard yet"];
  const rows = [
    ["Watch", watch.link ? `heard ${ago(watch.silent_s)}` : "none set", `${watch.link || "watch.address is empty"}, ${watch.packets.toLocaleString("en")} packets`],
    ["Battery", watch.battery === null ? "not told" : `${Math.round(watch.battery)} %`],
    ["Watch clock", ...clockSays],
    ["Losses", counted(daemon.losses) || "none", counted(daemon.skipped) ? `not judged: ${counted(daemon.skipped)}` : ""],
    ["Broker", relay.connected ? "connected" : "not connected", relay.trouble || (relay.ours ? "inside this program" : relay.broker)],
    ["Outbox", `${relay.pending} waiting`, `${relay.acked} acknowledged`],
    ["This program", `${Math.round(daemon.memory_mb)} MB, ${daemon.cpu_percent.toFixed(0)} % of a core`, counted(daemon.predictions) ? `predictions: ${counted(daemon.predictions)}` : ""],
  ];
  at("facts").replaceChildren(
    ...rows.map(([name, value, more]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, value, more ? make("span", { class: "fine" }, more) : "")),
    ),
  );
}

const signed = (value) => (value > 0 ? `+${value.toFixed(0)}` : value.toFixed(0));
const counted = (counts) => Object.entries(counts).map(([name, n]) => `${spoken(name)} ${n.toLocaleString("en")}`).join(", ");

function showAlerts(alerts) {
  const list = at("alerts");
  const key = alerts.map((alert) => alert.sequence).join();
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  if (!alerts.length) {
    list.replaceChildren(make("li", { class: "none" }, "None so far."));
    return;
  }
  const line = (alert) => {
    const moment = new Date(alert.unix_ms);
    return make("li", {}, make("time", { datetime: moment.toISOString() }, moment.toLocaleTimeString()), told(alert.reason));
  };
  list.replaceChildren(...[...alerts].reverse().map(line));
}

function frame(at_ms) {
  drawing = requestAnimationFrame(frame);
  if (!clock || at_ms - lastDrawn < (still.matches ? 500 : 30)) return;
  lastDrawn = at_ms;
  const now = streamNow();
  for (const trace of traces.values()) trace.draw(now, colours);
}

export function startDrawing() {
  if (!drawing) drawing = requestAnimationFrame(frame);
}

export function stopDrawing() {
  cancelAnimationFrame(drawing);
  drawing = 0;
}
