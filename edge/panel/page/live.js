// The live view but for its signals: everything that is told once a second.

import { showCamera } from "/camera.js";
import { showPlan } from "/plan.js";
import { ago, make, ms, percent, spoken } from "/words.js";

const at = (id) => document.getElementById(id);
const MINUTE_MS = 60000;
const SILENT_S = 10;
// Counters as people say them; the others are plain enough.
const COUNTED = {
  lost: "packets lost",
  late: "packets late",
  duplicate: "packets twice",
  garbage: "unreadable",
  restart: "watch restarts",
  reconnects: "connected anew",
  revivals: "woken again",
  link: "link failed",
  camera: "camera failed",
  not_durable: "not on the disk",
};
const heard = [];

export function showState(told) {
  const { daemon } = told;
  at("pace").textContent = daemon.speed === 1 ? "" : `${daemon.speed} times as fast as life`;
  showJudgement(daemon);
  showCamera(daemon.camera, daemon.watch);
  showJourney(daemon.journey, daemon.watch.silent_s > SILENT_S);
  showPlan(daemon);
  showFacts(daemon);
  tell("quiet", quiet(daemon));
  showAlerts(daemon.alerts);
}

// Why none comes although it might: somebody asked for quiet.
function quiet({ snooze_minutes: left, kept_back: kept }) {
  if (!left) return "";
  return `Kept back for ${left} more ${left === 1 ? "minute" : "minutes"}, as somebody asked; ${kept || "none"} so far.`;
}

function showJudgement(daemon) {
  const { judgement } = daemon;
  at("state").dataset.state = daemon.state;
  if (at("word").textContent !== daemon.state) at("word").textContent = daemon.state;
  tell("reason", why(daemon));
  showGauge(daemon);
  if (!judgement) {
    at("sources").replaceChildren();
    at("emotions").replaceChildren();
    at("age").textContent = beside(daemon);
    return;
  }
  const together = judgement.modalities.length > 1 ? judgement.stress : null;
  bars("sources", [["now", together], ["wrist", judgement.wrist], ["face", judgement.face], ["ecg", judgement.ecg], ["eeg", judgement.eeg]]);
  const emotions = Object.entries(judgement.emotion || {}).sort((a, b) => b[1] - a[1]);
  bars("emotions", emotions.slice(0, 3));
  const how = judgement.modalities.join(" and ");
  at("age").textContent = `Judged by ${how}, ${ago(judgement.age_s)}. ${average(daemon)} The bars are this moment, whoever is judged.${beside(daemon)}`;
}

// Why the state is what it is, or what is missing.
function why({ state, reason, watch, camera, troubles }) {
  if (reason) return state === "unknown" ? `Not decided yet: it must last a while first. ${told(reason)}` : told(reason);
  if (!watch.link && !camera.source) return "No watch and no camera are set: pair a watch to begin.";
  if (watch.link && troubles.some((each) => each.name === "Watch")) return "Nothing is heard that could be judged.";
  return watch.link ? "Waiting for enough signal; the wrist needs about a minute of it." : "Waiting for a face.";
}

function tell(id, says) {
  if (at(id).textContent !== says) at(id).textContent = says;
}

// The level that the state is decided from, against the one at which stress begins.
function showGauge({ level, threshold }) {
  const known = level !== null;
  const gauge = at("gauge");
  gauge.dataset.over = String(known && level >= threshold);
  gauge.querySelector(".fill").style.width = known ? `${level * 100}%` : "0";
  gauge.querySelector(".mark").style.left = `${threshold * 100}%`;
  gauge.setAttribute("aria-label", known ? `Stress ${percent(level)}; it counts from ${percent(threshold)}` : "Stress is not known yet");
  at("moment").textContent = known ? percent(level) : "";
  at("threshold").style.left = `${Math.min(Math.max(threshold * 100, 18), 82)}%`;
  at("threshold").textContent = `stress from ${percent(threshold)}`;
}

// What the gauge shows.
function average({ own_level }) {
  return own_level
    ? `The average is told from your own last hour, where ${percent(0.5)} is your usual; the state follows it.`
    : "The state follows the average.";
}

// How the wearer moves, and how it stands with electrodes.
function beside(daemon) {
  const words = Object.entries(daemon.leads || {}).map(([name, word]) => `${name.toUpperCase()}: ${word}.`);
  return [daemon.activity ? ` Movement is ${daemon.activity}.` : "", ...words].join(" ");
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

function showJourney(journey, silent) {
  const legs = { sensor: silent ? null : journey.sensor_ms, infer: journey.infer_ms, publish: journey.publish_p50_ms };
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

// The share of packets that came in the last minute: what the counters said then and now.
function linkQuality({ packets, counts }) {
  const now = { at: performance.now(), packets, lost: counts.lost || 0 };
  if (heard.length && packets < heard[heard.length - 1].packets) heard.length = 0; // another watch
  heard.push(now);
  while (heard.length > 1 && now.at - heard[0].at > MINUTE_MS) heard.shift();
  const came = now.packets - heard[0].packets;
  const lost = Math.max(0, now.lost - heard[0].lost);
  if (!came) return ["no packets", "in the last minute"];
  const share = (100 * came) / (came + lost);
  const pace = (1000 * came) / (now.at - heard[0].at);
  return [`${share > 99.95 ? "100" : share.toFixed(1)} % arrive`, `${pace.toFixed(pace < 10 ? 1 : 0)} packets a second, over the last minute`];
}

function showFacts(daemon) {
  const { watch, relay } = daemon;
  const clockSays = watch.clock
    ? [`± ${watch.clock.uncertainty_ms.toFixed(1)} ms`, `drifts ${signed(watch.clock.drift_ppm)} ppm`]
    : ["unknown", "no time stamp heard yet"];
  const rows = [
    ["Watch", watch.link ? `heard ${ago(watch.silent_s)}` : "none set", `${watch.link || "watch.address is empty"}, ${watch.packets.toLocaleString("en")} packets`],
    ["Link quality", ...(watch.link ? linkQuality(watch) : ["–"])],
    ["Battery", watch.battery === null ? "not told" : `${Math.round(watch.battery)} %`, watch.battery !== null && watch.silent_s > SILENT_S ? "when last heard" : ""],
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
const counted = (counts) => Object.entries(counts).filter(([, n]) => n).map(([name, n]) => `${COUNTED[name] || spoken(name)} ${n.toLocaleString("en")}`).join(", ");

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
