"""The bench measures what it says, on a bundle and for a time that are both little."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from edge.bench_overhead import overhead
from edge.bench_quiet import STRETCH_S, Host, Stretch, Tried, stolen_percent, undisturbed
from edge.bench_watches import apart
from edge.bench_wearers import spoken
from edge.bundle import Bundle
from edge.clock import SECOND, HostNs, SystemClock
from edge.options import whole
from edge.relay.broker import local_broker
from edge.settings import ModelSettings, Settings, shipped_bundle
from firmware_bridge import codec, gatt
from firmware_bridge.framing import Cobs
from firmware_bridge.messages import Motion, Pulse, SkinConductance, SkinTemperature
from tests.edge.daemon.lines import little, trust_our_key
from tests.fakes.clock import HandClock


def test_the_daemons_cost_is_told_beside_the_bare_networks() -> None:
    bundle = Bundle.open(shipped_bundle(), canary=False)
    found = overhead(bundle, None, SystemClock())
    judging = cast(dict[str, dict[str, float]], found["judging"])
    assert found["frame"] is None
    assert judging["daemon_ms"]["p50"] > judging["networks_ms"]["p50"] > 0


def test_a_board_says_what_a_watch_would_over_a_line() -> None:
    frames = spoken(seed=1, seconds=3)
    framing = Cobs()
    said = [codec.decode(gatt.SERIAL_STREAM, packet) for _, frame in frames for packet in framing.feed(frame)]
    assert {type(message) for message in said} == {Pulse, Motion, SkinConductance, SkinTemperature}
    assert [at for at, _ in frames] == sorted(at for at, _ in frames)
    assert framing.garbage == 0


async def test_every_window_of_every_watch_is_timed_to_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    async with local_broker() as broker:
        settings = Settings(models=ModelSettings(bundle=str(tmp_path / "bundle")))
        found = await apart(settings, str(broker), 2, 2.0)
    alerts, times = cast(dict[str, int], found.figures["alerts"]), np.concatenate([each.ms for each in found.stretches])
    assert alerts["raised"] == alerts["acked"] == len(times) >= 4
    assert (times > 0).all()
    assert all(0 <= each.stolen <= 100 for each in found.stretches), "what a host gave to others meanwhile"


def tried(*shares: float | None) -> Tried:
    """A try of stretches from which a host took so much; whatever was timed took as many ms, and 1 more."""
    return Tried({"watches": 1}, [Stretch(share, np.array([1 + (share or 0)])) for share in shares])


@pytest.mark.parametrize(
    ("tries", "most", "told", "counts"),
    [
        ([tried(None, None)], 3, 1, [1.0, 1.0]),
        ([tried(0.4, 0.0, 0.9)], 3, 1, [1.4, 1.0, 1.9]),
        ([tried(0.4, 3.0, 2.0), tried(1.0, 5.0)], 3, 2, [1.4, 2.0]),
        ([tried(0.4, 3.0), tried(2.5), tried(9.0), tried(0.0)], 3, 3, [1.4, 3.5]),
        ([tried(3.0, 0.4), tried(0.0)], 1, 1, [1.4, 4.0]),
        ([tried(), tried()], 2, 2, []),
    ],
)
async def test_what_a_host_disturbed_is_told_and_does_not_count(
    tries: list[Tried], most: int, told: int, counts: list[float]
) -> None:
    left = iter(tries)

    async def measured() -> Tried:
        return next(left)

    found = cast(dict[str, Any], await undisturbed(measured, seconds=2 * STRETCH_S, most=most))
    shares = [stretch for each in tries[:told] for stretch in each.stretches]
    assert (found["watches"], found["tries"], found["all"]["sensor_to_puback_ms"]["n"]) == (1, told, len(shares))
    assert [each["stolen_percent"] for each in found["stretches"]] == [each.stolen_percent for each in shares]
    counted = [each["sensor_to_puback_ms"]["p50"] for each in found["stretches"] if each["counted"]]
    assert sorted(counted) == sorted(counts), "the quietest, not the fastest"
    assert found["sensor_to_puback_ms"]["n"] == len(counts)
    assert found["sensor_to_puback_ms"]["p50"] == (np.median(counts) if counts else None)


def test_a_host_is_looked_at_stretch_by_stretch() -> None:
    clock, used = HandClock(), {"user": 0.0, "idle": 0.0, "steal": 0.0}
    host = Host(clock, lambda: dict(used))
    for steal in (0.0, 0.5, 0.0):
        clock.move(1)
        used["idle"] += 2 - steal
        used["steal"] += steal
        host.look()
    begun = clock.now() - 3 * SECOND
    ended = [HostNs(begun + round(s * SECOND)) for s in (0.5, 1.0, 1.1, 2.5, 3.5)]
    found = host.stretches(ended, [5, 6, 7, 8, 9])
    assert [(each.stolen_percent, each.ms.tolist()) for each in found] == [(0, [5, 6]), (25, [7]), (0, [8])]
    assert stolen_percent({"idle": 1.0}, {"idle": 2.0}) is None, "a system that does not tell"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["bench", "--json"], ["bench", "--json", "-"]),
        (["bench", "--json", "--seconds", "5"], ["bench", "--json", "-", "--seconds", "5"]),
        (["bench", "--json", "out.json"], ["bench", "--json", "out.json"]),
        (["bench", "--json", "-"], ["bench", "--json", "-"]),
    ],
)
def test_a_bare_json_means_standard_output(given: list[str], read: list[str]) -> None:
    assert whole(given) == read
