// Numbers and moments as people read them, and elements made from them.

export const percent = (share) => `${Math.round(share * 100)} %`;

export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (Math.abs(value) >= 10000) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(Math.abs(value) < 10 ? 1 : 0)} ms`;
}

export function ago(seconds) {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 1.5) return "now";
  return seconds < 90 ? `${Math.round(seconds)} s ago` : `${Math.round(seconds / 60)} min ago`;
}

export function span(seconds) {
  const whole = Math.floor(seconds);
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  const s = String(whole % 60).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

export const size = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

export const spoken = (name) => name.replaceAll("_", " ");

// "type `this`" as text and code.
export const marked = (text) => text.split("`").map((part, k) => (k % 2 ? make("code", {}, part) : part));

// make("li", {class: "none"}, "text", node, ...) - text is always text, never markup.
export function make(name, attributes = {}, ...inside) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...inside.filter((each) => each !== null && each !== ""));
  return node;
}

export function drawn(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
