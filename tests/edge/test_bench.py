"""The bench measures what it says, on a bundle and for a time that are both little."""

from pathlib import Path
from typing import cast

import pytest

from edge.bench_overhead import overhead
from edge.bench_watches import apart, undisturbed
from edge.bench_wearers import spoken
from edge.bundle import Bundle
from edge.clock import SystemClock
from edge.options import whole
from edge.relay.broker import local_broker
from edge.settings import ModelSettings, Settings, shipped_bundle
from firmware_bridge import codec, gatt
from firmware_bridge.framing import Cobs
from firmware_bridge.messages import Motion, Pulse, SkinConductance, SkinTemperature
from tests.edge.daemon.lines import little, trust_our_key


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
    alerts, times = cast(dict[str, int], found["alerts"]), cast(dict[str, float], found["sensor_to_puback_ms"])
    assert alerts["raised"] == alerts["acked"] == times["n"] >= 4
    assert 0 < times["p50"] <= times["p99"]
    stolen = cast(float | None, found["stolen_percent"])
    assert stolen is None or 0 <= stolen <= 100, "what a host gave to others while this was timed"


@pytest.mark.parametrize(
    ("stolen", "most", "counts"),
    [([None], 3, None), ([0.4], 3, 0.4), ([3.0, 0.2], 3, 0.2), ([3.0, 2.0, 2.5, 0.0], 3, 2.0), ([3.0, 2.0], 1, 3.0)],
)
async def test_what_a_host_disturbed_is_measured_anew(
    stolen: list[float | None], most: int, counts: float | None
) -> None:
    rows = iter([{"stolen_percent": share, "sensor_to_puback_ms": {"p99": k}} for k, share in enumerate(stolen)])

    async def measured() -> dict[str, object]:
        return dict(next(rows))

    found = await undisturbed(measured, most)
    assert found["stolen_percent"] == counts, "the quietest counts, not the fastest"
    assert [row["stolen_percent"] for row in cast(list[dict[str, object]], found["tries"])] == stolen[:most]


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
