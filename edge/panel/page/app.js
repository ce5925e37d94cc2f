// Which view is open, what the daemon tells, and which colours are on.

import { stop as stopPicture } from "/camera.js";
import { examine } from "/doctor.js";
import { showState } from "/live.js";
import { showPairing } from "/pair.js";
import { showRest } from "/rest.js";
import { list, showSession } from "/session.js";
import { keepPace, showSignals, startDrawing, stopDrawing, takeColours } from "/signals.js";
import { pill, showAway, showTroubles } from "/troubles.js";

const VIEWS = { live: "Live", session: "Session", pair: "Pair", doctor: "Doctor" };
const THEMES = ["auto", "light", "dark"];
const THEME_SAYS = { auto: "as the device", light: "light", dark: "dark" };
const line = document.querySelector("#line");
const themeButton = document.querySelector("#theme");
const AWAY_MS = 4000;
let events = null;
let watchdog = 0;
let heard = null; // when the daemon was last heard

function open() {
  const view = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "live";
  for (const name of Object.keys(VIEWS)) {
    document.getElementById(name).hidden = name !== view;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[view]} · vagus`;
  document.body.dataset.view = view;
  if (view === "live") startDrawing();
  else {
    stopDrawing();
    stopPicture();
  }
  if (view === "session") list();
  if (view === "doctor") examine();
  scrollTo(0, 0);
}

function say(state, word) {
  if (line.textContent === word) return;
  line.dataset.state = state;
  line.textContent = word;
}

function listen() {
  if (events) return;
  events = new EventSource("/events");
  events.addEventListener("signals", (event) => showSignals(JSON.parse(event.data)));
  events.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    clearTimeout(watchdog);
    watchdog = setTimeout(away, AWAY_MS);
    heard = new Date();
    say(...pill(told.daemon));
    if (showTroubles(told.daemon.troubles) && document.body.dataset.view === "doctor") examine();
    keepPace(told.daemon);
    showState(told);
    showRest(told.daemon.rest);
    showSession(told.session);
    showPairing(told.pairing);
    const pages = told.pages === 1 ? "" : `, ${told.pages} pages open`;
    document.querySelector("#about").textContent = `Device ${told.daemon.device}, models ${told.daemon.bundle}${pages}`;
  });
  events.addEventListener("error", async () => {
    away();
    if (events && events.readyState === EventSource.CLOSED) {
      // The daemon refused for good: signed out, or as many pages are open as may be. Ask which, and try again later.
      events = null;
      const answer = await fetch("/session").catch(() => null);
      if (answer && answer.status === 401) location.replace("/sign-in");
      else setTimeout(listen, AWAY_MS);
    }
  });
}

function away() {
  say("bad", "no answer");
  showAway(heard);
}

function leave() {
  clearTimeout(watchdog);
  if (events) events.close();
  events = null;
}

function theme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  themeButton.setAttribute("aria-label", `Colours: ${THEME_SAYS[name]}`);
  themeButton.title = themeButton.getAttribute("aria-label");
  takeColours();
}

themeButton.addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(localStorage.getItem("theme") || "auto") + 1) % THEMES.length];
  localStorage.setItem("theme", next);
  theme(next);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", takeColours);
// A phone in a pocket costs the daemon nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    leave();
    stopDrawing();
    stopPicture();
  } else {
    listen();
    open();
  }
});
addEventListener("hashchange", open);
addEventListener("pagehide", leave);

theme(localStorage.getItem("theme") || "auto");
open();
listen();
