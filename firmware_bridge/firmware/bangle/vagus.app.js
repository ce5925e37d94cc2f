// Bangle.js 2: raw pulse wave, raw motion and heart rate in our stream format (firmware_bridge/STREAM.md).
// The host subscribes to the stream and may write rate commands; needs an MTU of 45 or more, which BlueZ asks for.

const SERVICE = "43740001-c3e2-4296-85d5-b40c7139866e";
const STREAM = "43740002-c3e2-4296-85d5-b40c7139866e";
const CONTROL = "43740003-c3e2-4296-85d5-b40c7139866e";
const PULSE = 3, MOTION = 4;
const STOP = 0, USUAL = 0xFFFF;

// Rates in 1/32 Hz, the usual one first. The pulse sensor is polled every 40 ms, or slower; the accelerometer
// runs at 12.5 Hz, and every second or fourth sample of it can be had.
const lines = {};
lines[PULSE] = { rates: [800, 400, 200], rate: 800, bytes: 3, full: 10, count: 0, sequence: 0 };
lines[MOTION] = { rates: [400, 200, 100], rate: 400, bytes: 6, full: 5, count: 0, sequence: 0, skip: 0 };
const HEAD = 10;
let started = Date.now();

// CRC-16/CCITT-FALSE over the first so many bytes.
function crc16(view, length) {
  let crc = 0xFFFF;
  for (let at = 0; at < length; at++) {
    crc ^= view.getUint8(at) << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1 & 0xFFFF;
  }
  return crc;
}

function clamp(value, end) {
  return Math.max(-end, Math.min(end - 1, Math.round(value)));
}

// A frame begins with its first sample, whose time it carries.
function begin(channel, line) {
  line.view = new DataView(new ArrayBuffer(HEAD + line.full * line.bytes + 2));
  line.view.setUint8(0, channel);
  line.view.setUint16(1, line.sequence, true);
  line.view.setUint32(3, Math.round(Date.now() - started) >>> 0, true);
  line.view.setUint16(7, line.rate, true);
}

function send(line) {
  const end = HEAD + line.count * line.bytes;
  line.view.setUint8(9, line.count);
  line.view.setUint16(end, crc16(line.view, end), true);
  const change = {};
  change[SERVICE] = {};
  change[SERVICE][STREAM] = { value: new Uint8Array(line.view.buffer, 0, end + 2), notify: true };
  line.count = 0;
  line.sequence = (line.sequence + 1) & 0xFFFF;
  try {
    NRF.updateServices(change);
  } catch (error) {
    // Nobody is connected or the radio is full: the frame is lost, and its number says so.
    print(error);
  }
}

function add(channel, put) {
  const line = lines[channel];
  if (line.rate === STOP) return;
  if (line.count === 0) begin(channel, line);
  put(line.view, HEAD + line.count * line.bytes);
  line.count++;
  if (line.count === line.full) send(line);
}

function onPulse(e) {
  const v = Math.max(-8388608, Math.min(8388607, Math.round(e.raw)));
  add(PULSE, function(view, at) {
    view.setUint16(at, v & 0xFFFF, true);
    view.setUint8(at + 2, v >> 16 & 0xFF);
  });
}

function onMotion(a) {
  const line = lines[MOTION];
  line.skip = (line.skip + 1) % (line.rates[0] / (line.rate || line.rates[0]));
  if (line.skip !== 0) return;
  add(MOTION, function(view, at) {
    view.setInt16(at, clamp(a.x * 4096, 32768), true);
    view.setInt16(at + 2, clamp(a.y * 4096, 32768), true);
    view.setInt16(at + 4, clamp(a.z * 4096, 32768), true);
  });
}

// Heart rate in the standard service; below half confidence the watch itself does not believe it.
function onHeart(h) {
  if (h.confidence < 50) return;
  try {
    NRF.updateServices({ 0x180D: { 0x2A37: { value: [0x06, h.bpm], notify: true } } });
  } catch (error) {
    print(error);
  }
}

function setRate(channel, wanted) {
  const line = lines[channel], rate = wanted === USUAL ? line.rates[0] : wanted;
  if (rate !== STOP && line.rates.indexOf(rate) < 0) return;
  line.rate = rate;
  line.count = 0;
  if (channel === PULSE) {
    Bangle.setHRMPower(rate !== STOP, "vagus");
    if (rate !== STOP) Bangle.setOptions({ hrmPollInterval: 32000 / rate });
  }
}

// A rate command: 80 + channel (0 is all), rate, checksum. Anything else is ignored.
function onControl(data) {
  const view = new DataView(data);
  if (data.byteLength !== 5 || !(view.getUint8(0) & 0x80) || crc16(view, 3) !== view.getUint16(3, true)) return;
  const channel = view.getUint8(0) & 0x7F, rate = view.getUint16(1, true);
  [PULSE, MOTION].forEach(function(each) {
    if (channel === 0 || channel === each) setRate(each, rate);
  });
}

function services() {
  const ours = {};
  ours[STREAM] = { value: [], maxLen: 64, notify: true, readable: false };
  ours[CONTROL] = { maxLen: 5, writable: true, onWrite: function(e) { onControl(e.data); } };
  const all = { 0x180D: { 0x2A37: { value: [0x06, 0], notify: true } } };
  all[SERVICE] = ours;
  return all;
}

function start() {
  NRF.setServices(services(), { advertise: [SERVICE], uart: false });
  Bangle.setOptions({ powerSave: false });
  Bangle.on("HRM-raw", onPulse);
  Bangle.on("HRM", onHeart);
  Bangle.on("accel", onMotion);
  setRate(PULSE, USUAL);
  setRate(MOTION, USUAL);
  // Nobody listens any more: the pulse sensor's light would empty the battery in a day.
  NRF.on("disconnect", function() { setRate(PULSE, STOP); setRate(MOTION, STOP); });
  NRF.on("connect", function() { setRate(PULSE, USUAL); setRate(MOTION, USUAL); });
  g.clear().setFont("Vector", 24).setFontAlign(0, 0).drawString("Vagus", g.getWidth() / 2, g.getHeight() / 2);
}

start();
