// The watch's API, as far as the app uses it: runs the app on a script of events and prints what it sends.
// Input: a JSON list of [ms, kind, value]; output: a JSON line for each notification and setting.

const fs = require("fs");
const vm = require("vm");
const say = (kind, value) => console.log(JSON.stringify([kind, value]));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const handlers = {};
const on = (name, handler) => { handlers[name] = handler; };
let now = 1000000, control = null, full = false;

const g = new Proxy({}, { get: (_, name) => name.startsWith("get") ? () => 176 : () => g });
const world = {
  g, print: () => {},
  Date: { now: () => now },
  Bangle: {
    on,
    setOptions: (options) => say("options", options),
    setHRMPower: (power, app) => say("power", power),
  },
  NRF: {
    on,
    setServices: (services, options) => {
      for (const service of Object.values(services)) {
        for (const each of Object.values(service)) if (each.onWrite) control = each.onWrite;
      }
      say("services", [Object.keys(services), options]);
    },
    updateServices: (change) => {
      if (full) throw new Error("BLE queue full");
      for (const service of Object.values(change)) {
        for (const [uuid, each] of Object.entries(service)) say("notify", [uuid, hex(each.value)]);
      }
    },
  },
};

vm.runInNewContext(fs.readFileSync(process.argv[2], "utf8"), world);
for (const [ms, kind, value] of JSON.parse(fs.readFileSync(0, "utf8"))) {
  now += ms;
  if (kind === "write") control({ data: new Uint8Array(Buffer.from(value, "hex")).buffer });
  else if (kind === "full") full = value;
  else handlers[kind](value);
}
