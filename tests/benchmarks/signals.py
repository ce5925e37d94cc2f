"""Features against NeuroKit2, as JSON.

`uv run --with neurokit2 --with astropy tests/benchmarks/signals.py --data ../shared/data`
For each feature: the median and the 95th percentile, over windows of WESAD's wrists, of the relative difference
|ours - theirs| / |theirs|, and the tolerance of the median that docs/signals.md states. HRV formulae get the same beats
on both sides, skin responses the same phasic part; beats themselves are compared by F1 (within 120 ms it is the same
beat). Times are medians of processor time per window, ours and theirs in turn, in one thread.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Samples, Signal, Window
from edge.signals.beats import Beats, beats_from_wave
from edge.signals.features import NAMES, extract
from edge.signals.grid import Doubles, even, moving_mean
from edge.signals.heart import band_powers, successive
from edge.signals.responses import responses
from edge.signals.skin import split
from edge.signals.spectrum import welch_of_beats
from edge.signals.windows import Windows

SPAN_S = 120.0
TOLERANCE = {
    "rmssd": 0.01, "sdnn": 0.01, "pnn50": 0.01, "lf": 0.05, "hf": 0.10, "lf_hf_lomb": 0.05, "tonic": 0.01,
    "phasic_spread": 0.15, "response_height": 0.01, "response_recovery": 0.01, "moving_mean": 0.01,
}  # fmt: skip
_SAME_BEAT_S = 0.12
Track = tuple[float, Any]


def main() -> None:
    """Measure, print one JSON object."""
    parser = argparse.ArgumentParser(description="features against NeuroKit2")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="directory with wesad_wrist.npz")
    parser.add_argument("--windows", type=int, default=36, help="windows compared")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # theirs, about short windows
    nk: Any = __import__("neurokit2")
    found = list(_windows(asked.data, asked.windows))
    compared = [_compare(nk, window) for window in found]
    told = _told(compared) | {
        "neurokit2": nk.__version__,
        "windows": len(found),
        "window_s": SPAN_S,
        "beats_f1": round(float(np.nanmedian([row["beats_f1"] for row in compared])), 4),
        "speed": _speed(nk, found),
        "streaming_is_offline": _streaming(asked.data),
    }
    print(json.dumps(told, indent=1))


def _windows(data: Path, count: int) -> list[Window]:
    with np.load(data / "wesad_wrist.npz") as arrays:
        people = sorted({name.split("_")[0] for name in arrays.files})
        each = -(-count // len(people))
        return [_cut(arrays, p, 600.0 + 700 * k) for p in people for k in range(each)][:count]


def _cut(arrays: Any, person: str, start_s: float) -> Window:
    tracks = {
        Channel.PULSE: (64.0, arrays[f"{person}_BVP"] * 100),
        Channel.SKIN_CONDUCTANCE: (4.0, arrays[f"{person}_EDA"]),
        Channel.SKIN_TEMPERATURE: (4.0, arrays[f"{person}_TEMP"]),
        Channel.MOTION: (32.0, arrays[f"{person}_ACC"].astype(np.float32) / 64),
    }
    signals = {channel: _signal(track, start_s) for channel, track in tracks.items()}
    return Window(StreamNs(0), StreamNs(round(SPAN_S * SECOND)), signals, HostNs(0))


def _signal(track: Track, start_s: float) -> Signal:
    rate_hz, values = track
    part = values[round(start_s * rate_hz) : round((start_s + SPAN_S) * rate_hz)].astype(np.float32)
    return Signal((np.arange(len(part)) * (SECOND / rate_hz)).astype(np.int64), part, rate_hz, 1.0)


def _compare(nk: Any, window: Window) -> dict[str, float]:
    """Relative differences of one window, by feature."""
    return _hearts(nk, window) | _skins(nk, window) | _motion(nk, window)


def _hearts(nk: Any, window: Window) -> dict[str, float]:
    wave = window.signals[Channel.PULSE]
    theirs = cast(Doubles, nk.ppg_findpeaks(nk.ppg_clean(wave.values, 64), 64)["PPG_Peaks"])
    ours = beats_from_wave(wave, window.start)
    f1 = float("nan") if ours is None else _f1(ours.ends_s, theirs[1:] / 64)
    at: Doubles = np.round(theirs / 64 * 1000) / 1000
    every = Beats(at[1:], np.diff(at) * 1000, np.ones(len(at) - 1, np.bool_), np.empty(0), float("nan"))
    peaks = np.round(at * 1000).astype(int)
    told = nk.hrv_time(peaks, 1000).iloc[0]
    lomb = nk.hrv_frequency(peaks, 1000, psd_method="lomb", interpolation_rate=None).iloc[0]
    freq = nk.hrv_frequency(peaks, 1000, normalize=False).iloc[0]
    rmssd, sdnn, pnn50 = successive(every)
    lomb_low, lomb_high = band_powers(every.ends_s, every.intervals_ms)
    lf, hf = (welch_of_beats(every.ends_s, every.intervals_ms, *band) for band in ((0.04, 0.15), (0.15, 0.4)))
    return {
        "beats_f1": f1,
        "rmssd": _off(rmssd, told["HRV_RMSSD"]),
        "sdnn": _off(sdnn, told["HRV_SDNN"]),
        "pnn50": _off(100 * pnn50, told["HRV_pNN50"]),
        "lf": _off(lf, freq["HRV_LF"]),
        "hf": _off(hf, freq["HRV_HF"]),
        "lf_hf_lomb": _off(lomb_low / lomb_high, lomb["HRV_LFHF"]),
    }


def _skins(nk: Any, window: Window) -> dict[str, float]:
    signal = window.signals[Channel.SKIN_CONDUCTANCE]
    grid = even(signal, window.start, 8.0)
    if grid is None:
        return {}
    tonic, phasic = split(grid)
    theirs = nk.eda_phasic(grid.values, 4, method="highpass", cutoff=0.05)
    level, fast = theirs["EDA_Tonic"].to_numpy(), theirs["EDA_Phasic"].to_numpy()
    middle = slice(len(level) // 6, -len(level) // 6)  # both continue the ends, each in its way
    told = {
        "tonic": _off(float(tonic[middle].mean()), float(level[middle].mean())),
        "phasic_spread": _off(float(phasic[middle].std()), float(fast[middle].std())),
    }
    full = nk.eda_peaks(phasic, 4, method="neurokit", amplitude_min=0.05)[1]
    ours = responses(phasic, 4.0, least_us=0.0)
    pairs = [
        (float(ours.height_us[k]), float(ours.recovery_s[k]), full["SCR_Amplitude"][n], full["SCR_RecoveryTime"][n])
        for n, peak in enumerate(full["SCR_Peaks"])
        for k in np.flatnonzero(np.abs(ours.peak_s * 4 - peak) < 0.5)[:1]
    ]
    if pairs:
        told["response_height"] = float(np.median([_off(a, c) for a, _, c, _ in pairs]))
        recovered = [_off(b, d) for _, b, _, d in pairs if np.isfinite(b) and np.isfinite(d)]
        told["response_recovery"] = float(np.median(recovered)) if recovered else float("nan")
    return told


def _motion(nk: Any, window: Window) -> dict[str, float]:
    """NeuroKit2 has no ENMO; its moving average of the magnitude stands for motion."""
    axes = window.signals[Channel.MOTION].values.astype(np.float64)
    size = np.sqrt(np.square(axes).sum(axis=1))
    theirs = nk.signal_smooth(size, method="convolution", kernel="boxcar", size=33)
    inner = slice(40, -40)
    return {"moving_mean": float(np.abs(moving_mean(size, 33)[inner] / theirs[inner] - 1).max())}


def _f1(ours_s: Doubles, theirs_s: Doubles) -> float:
    if not len(ours_s) or not len(theirs_s):
        return float("nan")
    hit = float((np.abs(ours_s[:, None] - theirs_s).min(axis=1) <= _SAME_BEAT_S).sum())
    return 2 * hit / (len(ours_s) + len(theirs_s))


def _off(ours: float, theirs: float) -> float:
    if not (np.isfinite(ours) and np.isfinite(theirs)):
        return float("nan")
    return abs(ours - theirs) / abs(theirs) if theirs else abs(ours)


def _told(compared: list[dict[str, float]]) -> dict[str, object]:
    told = dict[str, object]()
    for name, tolerance in TOLERANCE.items():
        off = np.array([row.get(name, np.nan) for row in compared])
        known = off[np.isfinite(off)]
        told[name] = {
            "n": len(known),
            "median": round(float(np.median(known)), 6) if len(known) else None,
            "p95": round(float(np.quantile(known, 0.95)), 6) if len(known) else None,
            "tolerance": tolerance,
        }
    return {"relative_difference": told}


def _speed(nk: Any, found: list[Window]) -> dict[str, float]:
    """All 26 features against NeuroKit2's own pipelines for heart and skin alone, in turn, median processor time."""

    def theirs(window: Window) -> None:
        made = nk.ppg_process(window.signals[Channel.PULSE].values, sampling_rate=64)[1]
        nk.hrv_time(made["PPG_Peaks"], 64)
        nk.hrv_frequency(made["PPG_Peaks"], 64)
        nk.eda_process(window.signals[Channel.SKIN_CONDUCTANCE].values.astype(np.float64), sampling_rate=4)

    def timed(work: Callable[[Window], object], window: Window) -> float:
        began = time.thread_time()
        work(window)
        return 1000 * (time.thread_time() - began)

    pairs = [(timed(extract, window), timed(theirs, window)) for window in found]
    ours_ms, theirs_ms = (float(np.median(column)) for column in zip(*pairs, strict=True))
    return {"ours_ms": round(ours_ms, 3), "neurokit2_ms": round(theirs_ms, 3), "times": round(theirs_ms / ours_ms, 1)}


def _streaming(data: Path) -> bool:
    """The same samples in packets and as one run give the same windows' features, bit for bit."""
    with np.load(data / "wesad_wrist.npz") as arrays:
        person = min(name.split("_")[0] for name in arrays.files)
        whole = _cut(arrays, person, 600.0)
    streamed = Windows(SPAN_S - 1, 5.0)
    made: list[Window] = []
    for k in range(round(SPAN_S / 0.5)):
        a, b = round(k * 0.5 * SECOND), round((k + 1) * 0.5 * SECOND)
        for channel, s in whole.signals.items():
            cut = (s.times >= a) & (s.times < b)
            made += streamed.feed(Samples(channel, s.times[cut], s.values[cut], s.rate_hz, HostNs(b)))
    held = {channel: _before(signal, made[0].end) for channel, signal in whole.signals.items()}
    offline = Window(made[0].start, made[0].end, held, HostNs(0))
    ours, theirs = extract(made[0]).values, extract(offline).values
    return len(NAMES) == len(ours) and bool(np.array_equal(ours, theirs, equal_nan=True))


def _before(signal: Signal, end: int) -> Signal:
    cut = signal.times < end
    return Signal(signal.times[cut], signal.values[cut], signal.rate_hz, 1.0)


if __name__ == "__main__":
    main()
