// A scrolling line: samples on stream time in, a canvas drawn to scale out. Memory is fixed.

const KEPT = 8192;
const MARGIN = 34; // where the scale stands
const PAD = { left: 6, right: 6, top: 9, bottom: 9 };

export class Trace {
  // rows: colours, one a line; spanS: seconds across; breakMs: a longer silence breaks the line; dots: mark each sample;
  // stacked: each line in a lane of its own, all to one scale
  constructor(canvas, { rows, spanS, breakMs, least, dots = false, digits = 0, scale = true, stacked = false }) {
    this.canvas = canvas;
    this.rows = rows;
    this.spanMs = spanS * 1000;
    this.breakMs = breakMs;
    this.least = least;
    this.dots = dots;
    this.digits = digits;
    this.scale = scale && !stacked;
    this.stacked = stacked;
    this.times = new Float64Array(KEPT);
    this.values = rows.map(() => new Float32Array(KEPT));
    this.count = 0;
    this.lag = 0;
    this.every = 0;
    this.bands = null; // low and high of each line, as they stand on the scale
  }

  push(bunch, now) {
    for (let k = 0; k < bunch.t.length; k += 1) {
      // The watch's clock was learned anew: what it now says replaces what it said of the same moments.
      while (this.count && this.times[(this.count - 1) % KEPT] >= bunch.t[k]) this.count -= 1;
      const at = this.count % KEPT;
      this.times[at] = bunch.t[k];
      this.values.forEach((row, axis) => {
        row[at] = bunch.v[axis]?.[k] ?? NaN; // null: not measured
      });
      this.count += 1;
    }
    // Samples come in packets: the line is drawn as late as the oldest of a packet, so that it flows.
    const age = now - bunch.t[0];
    this.lag = Math.min(Math.max(this.lag * 0.995, age), this.spanMs * 0.5);
  }

  get last() {
    return this.count ? this.values.map((row) => row[(this.count - 1) % KEPT]) : null;
  }

  draw(now, colours) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    if (!width) return;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const end = now - this.lag;
    const first = this.#firstAfter(end - this.spanMs);
    this.#fit(first, end);
    this.#rule(pen, width, height, colours, end);
    if (!this.bands) return;
    const x = (t) => width - PAD.right - ((end - t) / this.spanMs) * (width - PAD.left - PAD.right);
    const lane = (height - PAD.top - PAD.bottom) / (this.stacked ? this.rows.length : 1);
    pen.save();
    pen.beginPath();
    pen.rect(this.scale ? MARGIN : 0, 0, width, height);
    pen.clip();
    this.rows.forEach((name, axis) => {
      const { low, high } = this.bands[axis];
      const top = PAD.top + (this.stacked ? axis * lane : 0);
      this.#line(pen, first, end, axis, colours[name], x, (v) => top + ((high - v) / (high - low)) * lane);
    });
    pen.restore();
  }

  #line(pen, first, end, axis, colour, x, y) {
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.8;
    pen.lineJoin = "round";
    pen.beginPath();
    let before = -Infinity;
    for (let k = first; k < this.count; k += 1) {
      const t = this.times[k % KEPT];
      if (t > end) break;
      const v = this.values[axis][k % KEPT];
      if (Number.isNaN(v)) continue;
      if (t - before > this.breakMs) pen.moveTo(x(t), y(v));
      else pen.lineTo(x(t), y(v));
      before = t;
    }
    pen.stroke();
    if (!this.dots) return;
    for (let k = first; k < this.count && this.times[k % KEPT] <= end; k += 1) {
      pen.beginPath();
      pen.arc(x(this.times[k % KEPT]), y(this.values[axis][k % KEPT]), 2.2, 0, 7);
      pen.fill();
    }
  }

  // Grid lines stand every so many seconds of stream time and move with the signal.
  #rule(pen, width, height, colours, end) {
    const every = [1, 2, 5, 10, 15, 30, 60, 120, 300].find((s) => (this.spanMs / 1000 / s) * 44 <= width) || 600;
    this.every = every;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let t = Math.floor(end / (every * 1000)) * every * 1000; t > end - this.spanMs; t -= every * 1000) {
      const x = Math.round(width - PAD.right - ((end - t) / this.spanMs) * (width - PAD.left - PAD.right)) + 0.5;
      pen.moveTo(x, 0);
      pen.lineTo(x, height);
    }
    pen.stroke();
    pen.fillStyle = colours.soft;
    pen.font = "11px system-ui, sans-serif";
    if (!this.scale || !this.bands) return;
    pen.textBaseline = "bottom";
    pen.fillText(this.bands[0].low.toFixed(this.digits), 5, height - 3);
    pen.textBaseline = "top";
    pen.fillText(this.bands[0].high.toFixed(this.digits), 5, 4);
  }

  // The height of a band, in the unit of its values.
  get height() {
    return this.bands ? this.bands[0].high - this.bands[0].low : 0;
  }

  // The scale follows what is in view: outwards at once, inwards slowly.
  #fit(first, end) {
    const found = this.values.map((row) => {
      let low = Infinity;
      let high = -Infinity;
      for (let k = first; k < this.count && this.times[k % KEPT] <= end; k += 1) {
        const v = row[k % KEPT];
        if (v < low) low = v;
        if (v > high) high = v;
      }
      return { low, high };
    });
    const seen = found.filter(({ low, high }) => low <= high);
    if (!seen.length) return;
    if (this.stacked) this.#fitLanes(found, Math.max(this.least, ...seen.map(({ low, high }) => high - low)));
    else this.#fitAll(Math.min(...seen.map(({ low }) => low)), Math.max(...seen.map(({ high }) => high)));
  }

  #fitAll(low, high) {
    const spare = Math.max(0, this.least - (high - low)) / 2;
    const before = this.bands ? this.bands[0] : { low: Infinity, high: -Infinity };
    const band = { low: eased(before.low, low - spare, -1), high: eased(before.high, high + spare, 1) };
    this.bands = this.rows.map(() => band);
  }

  // Each lane stands around its own middle; all have the height of the one that moves most.
  #fitLanes(found, height) {
    const eased_height = eased(this.bands ? this.height : -Infinity, height, 1);
    this.bands = found.map(({ low, high }, axis) => {
      const was = this.bands ? (this.bands[axis].low + this.bands[axis].high) / 2 : null;
      const is = low <= high ? (low + high) / 2 : was || 0;
      const middle = was === null ? is : was + (is - was) * 0.1;
      return { low: middle - eased_height / 2, high: middle + eased_height / 2 };
    });
  }

  #firstAfter(t) {
    let a = Math.max(0, this.count - KEPT);
    let b = this.count;
    while (a < b) {
      const middle = (a + b) >> 1;
      if (this.times[middle % KEPT] < t) a = middle + 1;
      else b = middle;
    }
    return Math.max(a - 1, Math.max(0, this.count - KEPT));
  }
}

// Outwards (in the direction of `sign`) at once, inwards slowly.
function eased(before, now, sign) {
  return Number.isFinite(before) && sign * (now - before) < 0 ? before + (now - before) * 0.05 : now;
}
