// The signals as they scroll: one chart a channel, those that are heard and no others.

import { Trace } from "/chart.js";

const at = (id) => document.getElementById(id);
const COLOURS = ["pulse", "beats", "skin", "x", "y", "z", "line", "soft"];
// spanS: seconds across; widest: how many times as wide a fast replay may make it; least: the smallest height shown
const CHARTS = {
  pulse: { rows: ["pulse"], spanS: 8, widest: 3, breakMs: 400, least: 1, scale: false },
  ecg: { rows: ["pulse"], spanS: 6, widest: 3, breakMs: 400, least: 400 },
  eeg: { rows: ["x", "y", "z", "beats", "skin"], spanS: 4, widest: 3, breakMs: 400, least: 60, stacked: true },
  heart_rate: { rows: ["pulse"], spanS: 180, widest: 2, breakMs: 20000, least: 20, dots: true },
  beat_interval: { rows: ["beats"], spanS: 90, widest: 2, breakMs: 4000, least: 100, dots: true },
  skin_conductance: { rows: ["skin"], spanS: 90, widest: 2, breakMs: 3000, least: 0.2, digits: 2 },
  skin_temperature: { rows: ["z"], spanS: 180, widest: 2, breakMs: 20000, least: 0.5, digits: 1 },
  motion: { rows: ["x", "y", "z"], spanS: 20, widest: 3, breakMs: 800, least: 0.5, digits: 1 },
};
const READINGS = {
  heart_rate: (v) => Math.round(v[0]),
  beat_interval: (v) => Math.round(v[0]),
  skin_conductance: (v) => v[0].toFixed(2),
  skin_temperature: (v) => v[0].toFixed(1),
  motion: (v) => Math.hypot(...v).toFixed(2),
};
const WAVES = ["pulse", "ecg", "beat_interval"];
const STALE_MS = 30000; // a channel not heard for so long, while others are, is not there
const still = matchMedia("(prefers-reduced-motion: reduce)");
const traces = new Map();
const newest = new Map(); // channel -> { values, at }
let colours = {};
let clock = null; // { stream, host, speed }
let drawing = 0;
let lastDrawn = 0;

export function takeColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const streamNow = () => clock.stream + (performance.now() - clock.host) * clock.speed;
const figureOf = (channel) => document.querySelector(`figure[data-channel="${channel}"]`);

// A fast replay is shown over a longer span, or it could not be followed.
function traceOf(channel, rows) {
  if (!traces.has(channel)) {
    const options = CHARTS[channel];
    const figure = figureOf(channel);
    const wider = Math.min(Math.max(clock.speed, 1), options.widest);
    const narrower = Math.min(Math.max(figure.parentElement.clientWidth / 600, 0.5), 1); // a phone shows half as much
    const lines = options.stacked ? options.rows.slice(0, rows) : options.rows;
    const trace = new Trace(figure.querySelector("canvas"), { ...options, rows: lines, spanS: options.spanS * wider * narrower });
    traces.set(channel, trace);
  }
  return traces.get(channel);
}

export function showSignals(bunches) {
  if (!clock) return;
  const now = streamNow();
  for (const [channel, bunch] of Object.entries(bunches)) {
    newest.set(channel, { values: bunch.v.map((row) => row[row.length - 1]), at: performance.now() });
    if (channel in CHARTS) traceOf(channel, bunch.v.length).push(bunch, now);
  }
}

// Once a second: the clock, the figures beside the charts, and which charts are there at all.
export function keepPace(daemon) {
  // The clock is taken anew only when it has strayed: a message that was late must not make the lines jump.
  const stray = clock ? Math.abs(daemon.stream_ms - streamNow()) / daemon.speed : Infinity;
  if (stray > 250 || clock.speed !== daemon.speed) {
    clock = { stream: daemon.stream_ms, host: performance.now(), speed: daemon.speed };
  }
  const heard = new Set([...newest].filter(([, last]) => performance.now() - last.at < STALE_MS).map(([channel]) => channel));
  if (heard.size) for (const channel of Object.keys(CHARTS)) figureOf(channel).hidden = !wanted(channel, heard);
  for (const [channel, read] of Object.entries(READINGS)) {
    tell(`v-${channel}`, heard.has(channel) ? String(read(newest.get(channel).values)) : "–");
  }
  for (const id of ["v-pulse", "v-ecg"]) tell(id, bpm(heard));
  for (const trace of traces.values()) {
    const rule = trace.every ? `${trace.every} s a line` : "";
    const lanes = trace.stacked && trace.height ? `, ${Math.round(trace.height)} µV a lane` : "";
    const note = trace.canvas.previousElementSibling.querySelector("i");
    if (note.textContent !== rule + lanes) note.textContent = rule + lanes;
  }
}

// A heart rate is a chart of its own only where there is nothing finer of the heart.
const wanted = (channel, heard) => heard.has(channel) && !(channel === "heart_rate" && WAVES.some((wave) => heard.has(wave)));

function bpm(heard) {
  if (heard.has("heart_rate")) return String(Math.round(newest.get("heart_rate").values[0]));
  return heard.has("beat_interval") ? String(Math.round(60000 / newest.get("beat_interval").values[0])) : "–";
}

function tell(id, says) {
  if (at(id).textContent !== says) at(id).textContent = says;
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
