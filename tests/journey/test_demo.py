"""Bytes in, MQTT out: the demo as a user runs it, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.recordings import CLIPS, STRESS_PREDICT, needs

DEMO = (sys.executable, "-m", "edge.cli", "demo", "--headless", "--json", "-")


def demo(state: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run([*DEMO, "--state", str(state), *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_seeded_wearer_raises_alerts_and_all_arrive(tmp_path: Path) -> None:
    summary = demo(tmp_path, "--seconds", "20", "--speed", "30")
    alerts = summary["alerts"]
    assert alerts["raised"] == alerts["acked"] == alerts["received"] > 0
    assert {"pulse", "skin_conductance", "skin_temperature", "motion", "heart_rate"} <= summary["samples"].keys()
    assert summary["predictions_by_modality"]["face+wrist"] > 0
    assert summary["latency_ms"]["frame_to_prediction"]["n"] > 0
    assert summary["latency_ms"]["sensor_to_puback"]["n"] == alerts["raised"]
    assert summary["dropped"] == 0
    assert summary["rss_mb"] > 0
    assert summary["cpu_percent"] > 0
    assert summary["bundle"].startswith("vagus")


@needs(STRESS_PREDICT, CLIPS)
def test_a_real_recording_and_a_real_face(tmp_path: Path) -> None:
    clip = str(CLIPS / "pyfeat_single_face.mp4")
    summary = demo(
        tmp_path, "--recording", str(STRESS_PREDICT), "--subject", "S02", "--start", "480", "--speed", "30",
        "--seconds", "12", "--clip", clip,
    )  # fmt: skip
    assert summary["samples"]["pulse"] > 20_000
    assert summary["predictions_by_modality"]["face+wrist"] > 0
    assert summary["faces"] > 0


@needs(STRESS_PREDICT, CLIPS)
def test_without_a_face_the_wrist_goes_on_alone(tmp_path: Path) -> None:
    clip = str(CLIPS / "pyfeat_no_face.mp4")
    summary = demo(
        tmp_path, "--recording", str(STRESS_PREDICT), "--subject", "S03", "--speed", "30", "--seconds", "8",
        "--clip", clip,
    )  # fmt: skip
    assert summary["predictions_by_modality"].keys() == {"wrist"}
    assert summary["frames"] > 0
    assert summary["latency_ms"]["frame_to_prediction"] == {"p50": None, "p99": None, "n": 0}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--recording", "nowhere.npz", "--subject", "S02"), "nowhere.npz"),
        (("--recording", "nowhere.npz"), "needs --subject"),
        (("--clip", "nowhere.mp4"), "nowhere.mp4"),
    ],
)
def test_a_demo_that_cannot_start_says_why(arguments: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run([*DEMO, *arguments, "--seconds", "1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
