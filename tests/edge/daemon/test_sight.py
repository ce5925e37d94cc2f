"""A camera, and a bundle that cannot judge by a face: the watch is judged all the same, and a reload follows."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.eyes import Eyes
from edge.flow import Features, Frame
from edge.inference.classifier import Classifier, FaceEstimate, WristEstimate
from edge.inference.ports import NetworkError
from tests.edge.daemon.lines import Running, little, partial, running, trust_our_key
from tests.edge.daemon.test_camera_lane import cameras, sees_a_face

WALL = "wall.png"


@pytest.fixture(autouse=True)
def a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """On every picture, without the detector that the little bundle does not have whole."""

    def sees(eyes: Eyes, classifier: Classifier, frame: Frame) -> FaceEstimate:
        classifier.detector_networks()
        return sees_a_face(eyes, classifier, frame)

    caplog.set_level("INFO", "vagus")
    trust_our_key(tmp_path, monkeypatch)
    monkeypatch.setattr(Eyes, "_judge", sees)
    cv2.imwrite(str(tmp_path / WALL), np.full((24, 32, 3), 90, np.uint8))


def name(config: Path, bundle: Path) -> None:
    config.write_text(f"[models]\nbundle = '{bundle}'\n")


async def goes_on(line: Running, by: str) -> None:
    predictions = line.service.daemon.health.predictions
    before = predictions[by]
    await line.until(lambda: predictions[by] > before + 2)


@pytest.mark.parametrize("parts", [("face", "detector", "fusion"), ("detector",), ("fusion",)])
async def test_the_camera_stays_closed_until_a_whole_bundle_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, parts: tuple[str, ...]
) -> None:
    config = tmp_path / "vagus.toml"
    partial(tmp_path / "partial", *parts)
    little(tmp_path / "whole", "1.3.0")
    async with running(tmp_path, tmp_path / "partial", config, tmp_path / WALL) as line:
        daemon = line.service.daemon
        await goes_on(line, "wrist")
        assert not cameras()
        assert caplog.text.count("cannot judge by a face and the camera stays closed") == 1
        assert "camera" not in daemon.sensors()
        name(config, tmp_path / "whole")
        line.reload.set()
        await goes_on(line, "face+wrist")
        await line.until(lambda: daemon.sensors()["camera"] == "online")
        name(config, tmp_path / "partial")
        line.reload.set()
        await line.until(lambda: "cannot judge by face, and the bundle in use can" in caplog.text)
        await goes_on(line, "face+wrist")
        assert caplog.text.count("the camera stays closed") == 1


async def test_the_camera_is_let_go_when_a_whole_bundle_fails_its_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "vagus.toml"
    partial(tmp_path / "partial", "fusion")
    little(tmp_path / "whole", "1.3.0")
    judge, seen = Classifier.wrist, threading.Event()

    def fails(classifier: Classifier, features: Features) -> WristEstimate | None:
        if classifier.bundle.label == "tiny 1.3.0" and features.received and seen.is_set():
            raise NetworkError("wrist.tflite: an operator failed")
        return judge(classifier, features)

    monkeypatch.setattr(Classifier, "wrist", fails)
    monkeypatch.setattr("edge.judges.TRIAL", 10**6)
    async with running(tmp_path, tmp_path / "partial", config, tmp_path / WALL) as line:
        await goes_on(line, "wrist")
        name(config, tmp_path / "whole")
        line.reload.set()
        await goes_on(line, "face+wrist")
        assert cameras()
        seen.set()
        await line.until(lambda: line.service.daemon.judges.rolled_back == 1)
        await line.until(lambda: not cameras())
        await goes_on(line, "wrist")
        assert caplog.text.count("the camera stays closed") == 2
