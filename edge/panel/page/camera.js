// Where the face is, as lines; the picture itself only while somebody asks for it.

import { ask } from "/ask.js";
import { ago, drawn } from "/words.js";

const EVERY_MS = 400;
const CLOSED = {
  resting: "The camera rests, as the sampling plan has it; hold to the plan Full to look through it.",
  paused: "The camera is paused, as somebody asked.",
  unused: "The camera stays closed: the bundle in use cannot judge by a face.",
};
const skeleton = document.querySelector("#skeleton");
const picture = document.querySelector("#picture");
const stageSays = document.querySelector("#stage-says");
const faceSays = document.querySelector("#face-says");
const look = document.querySelector("#look");
let looking = false;
let timer = 0;
let turn = 0; // goes up whenever looking ends

export function showCamera(camera, watch) {
  look.disabled = !camera.source || Boolean(camera.closed);
  if (!camera.source) {
    stageSays.textContent = "off";
    faceSays.textContent = watch.link ? "The watch speaks alone." : "None is set.";
    skeleton.replaceChildren();
    stop();
    return;
  }
  if (camera.closed) stop();
  const frames = camera.silent_s === null ? "no frames yet" : `${camera.frames.toLocaleString("en")} frames`;
  stageSays.textContent = camera.closed ? `${camera.closed}, ${frames}` : frames;
  const face = camera.face;
  if (!face) {
    skeleton.replaceChildren();
    skeleton.setAttribute("aria-label", "No face in view");
    const last = camera.silent_s === null ? "" : ` Last frame: ${ago(camera.silent_s)}.`;
    faceSays.textContent = CLOSED[camera.closed] ? CLOSED[camera.closed] + last : camera.silent_s > camera.quiet_s ? `No frames come.${last}` : last && `No face in view.${last}`;
    return;
  }
  skeleton.setAttribute("viewBox", `0 0 ${face.width} ${face.height}`);
  const [x, y, width, height] = face.box;
  const dot = Math.max(width / 34, face.width / 160);
  const frame = drawn("rect", { class: "frame", x: 0, y: 0, width: face.width, height: face.height });
  const box = drawn("rect", { class: face.tracked ? "box tracked" : "box", x, y, width, height, rx: width / 14 });
  const marks = face.landmarks.map(([cx, cy]) => drawn("circle", { class: "mark", cx, cy, r: dot }));
  const [left, right, nose, mouthLeft, mouthRight] = face.landmarks;
  const joined = [left, right, nose, left, null, mouthLeft, mouthRight];
  const path = joined.map((p, k) => (p ? `${k && joined[k - 1] ? "L" : "M"}${p[0]} ${p[1]}` : "")).join("");
  const parts = [frame, box, ...marks];
  if (face.landmarks.length === 5) parts.push(drawn("path", { class: "join", d: path }));
  skeleton.replaceChildren(...parts);
  skeleton.setAttribute("aria-label", "A face in view, with its box and landmarks");
  const how = face.tracked ? "followed" : "found anew";
  faceSays.textContent = `Face ${how}, score ${face.score.toFixed(2)}, in ${camera.faces} of ${camera.frames} frames.`;
}

async function fetchPicture(mine) {
  try {
    const answer = await ask("/picture");
    const bitmap = await createImageBitmap(await answer.blob());
    if (mine === turn) {
      picture.width = bitmap.width;
      picture.height = bitmap.height;
      picture.getContext("2d").drawImage(bitmap, 0, 0);
      picture.hidden = false;
    }
    bitmap.close(); // one that was on its way when it was no longer wanted is never shown
  } catch (error) {
    if (mine === turn) faceSays.textContent = error.message;
  }
  if (mine === turn) timer = setTimeout(() => fetchPicture(mine), EVERY_MS);
}

export function stop() {
  clearTimeout(timer);
  looking = false;
  turn += 1;
  picture.hidden = true;
  picture.width = picture.height = 1; // nothing of it is left behind
  look.setAttribute("aria-pressed", "false");
  look.textContent = "Show the picture";
}

look.addEventListener("click", () => {
  if (looking) {
    stop();
    return;
  }
  look.setAttribute("aria-pressed", "true");
  look.textContent = "Hide the picture";
  looking = true;
  fetchPicture(turn);
});
