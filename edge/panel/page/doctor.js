// The doctor view: what is well, what is not, and what to do about it.

import { ask } from "/ask.js";
import { make, marked } from "/words.js";

const WORDS = { good: "good", warn: "look at it", bad: "broken", off: "off" };
const verdict = document.querySelector("#verdict");
const list = document.querySelector("#checks");

export async function examine() {
  verdict.textContent = "Looking…";
  try {
    const { checks } = await (await ask("/checks")).json();
    list.replaceChildren(...checks.map(row));
    const bad = checks.filter((check) => check.state === "bad").length;
    const warn = checks.filter((check) => check.state === "warn").length;
    verdict.textContent = bad
      ? `${bad === 1 ? "One thing is" : `${bad} things are`} broken; the cure stands beside it.`
      : warn ? "It works; something could be better." : "All is well.";
  } catch (error) {
    verdict.textContent = error.message;
  }
}

function row(check) {
  const head = make("div", { class: "row" }, make("h2", {}, check.name), make("span", { class: "pill", "data-state": check.state }, WORDS[check.state]));
  return make("li", { "data-state": check.state }, head, make("p", {}, ...marked(check.says)), check.cure ? make("p", { class: "cure" }, ...marked(check.cure)) : "");
}

document.querySelector("#again").addEventListener("click", examine);
