"""A new bundle takes over while the watch is heard and alerts go out, or the one in use stays."""

from pathlib import Path

import pytest

from edge.bundle_contract import Models
from edge.bundle_floor import read_floor
from edge.flow import Features
from edge.inference.classifier import Classifier, WristEstimate
from edge.inference.ports import NetworkError
from edge.signals.features import FEATURE_VERSION
from tests.edge.daemon.lines import Running, little, running, trust_our_key
from tests.fakes.bundles import tiny_bundle, tiny_files


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "vagus")
    trust_our_key(tmp_path, monkeypatch)


def name(config: Path, bundle: Path) -> None:
    config.write_text(f"[models]\nbundle = '{bundle}'\n[watch]\naddress = 'virtual:wearer'\n")


async def refused(line: Running, caplog: pytest.LogCaptureFixture, sentence: str) -> None:
    """Ask for a reload; it is refused with a sentence, and the old bundle goes on judging."""
    caplog.clear()
    line.reload.set()
    await line.until(lambda: "reload refused" in caplog.text)
    assert sentence in caplog.text
    daemon = line.service.daemon
    before = sum(daemon.health.predictions.values())
    await line.until(lambda: sum(daemon.health.predictions.values()) > before)
    assert daemon.bundle.label == "tiny 1.2.0"


async def test_a_new_bundle_takes_over_without_a_gap(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = tmp_path / "vagus.toml"
    little(tmp_path / "old")
    little(tmp_path / "new", "1.3.0", "1.3.0")
    async with running(tmp_path, tmp_path / "old", config) as line:
        daemon = line.service.daemon
        await line.until(lambda: daemon.health.acked > 2)
        name(config, tmp_path / "new")
        line.reload.set()
        await line.until(lambda: "1.3.0 is in use" in caplog.text)
        acked = daemon.health.acked
        await line.until(lambda: daemon.health.acked > acked + 2)
        assert daemon.bundle.label == "tiny 1.3.0"
        assert daemon.alerts[-1].bundle == "tiny 1.3.0"
        assert caplog.text.count("listening to") == 1  # the watch was never let go
        assert not daemon.losses()["lost"]
        assert read_floor(tmp_path / "state") == "1.3.0"
        name(config, tmp_path / "old")
        line.reload.set()
        await line.until(lambda: "below 1.3.0" in caplog.text)
        assert daemon.bundle.label == "tiny 1.3.0"


async def test_what_is_broken_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = tmp_path / "vagus.toml"
    little(tmp_path / "old")
    little(tmp_path / "spoilt", "1.3.0")
    (tmp_path / "spoilt" / "wrist.tflite").write_bytes(b"another network")
    little(tmp_path / "odd", "1.3.0", features=("heart_rate", "conductance", "mood"))
    known = tiny_files()[0].models
    seeing = Models(face=known.face, detector=known.detector, fusion=known.fusion)
    tiny_bundle(tmp_path / "blind", version="1.3.0", feature_version=FEATURE_VERSION, models=seeing)
    async with running(tmp_path, tmp_path / "old", config) as line:
        await line.until(lambda: line.service.daemon.health.acked > 0)
        name(config, tmp_path / "spoilt")
        await refused(line, caplog, "is not the file that was signed")
        name(config, tmp_path / "odd")
        line.reload.set()
        await line.until(lambda: "features that nobody extracts: mood): tiny 1.2.0 is back in use" in caplog.text)
        name(config, tmp_path / "blind")
        await refused(line, caplog, "judges by face, which the settings do not bring")
        name(config, tmp_path / "nowhere")
        await refused(line, caplog, "is no bundle directory")
        config.write_text("this is no toml")
        await refused(line, caplog, "no valid TOML")
        assert read_floor(tmp_path / "state") == "1.0.0"


async def test_a_bundle_that_fails_its_trial_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "vagus.toml"
    little(tmp_path / "old")
    little(tmp_path / "new", "1.3.0", "1.3.0")
    judge = Classifier.wrist

    def fails(classifier: Classifier, features: Features) -> WristEstimate | None:
        if classifier.bundle.label == "tiny 1.3.0" and features.received:  # not its first words, on nothing heard
            raise NetworkError("wrist.tflite: an operator failed")
        return judge(classifier, features)

    monkeypatch.setattr(Classifier, "wrist", fails)
    async with running(tmp_path, tmp_path / "old", config) as line:
        daemon = line.service.daemon
        await line.until(lambda: daemon.health.acked > 0)
        name(config, tmp_path / "new")
        line.reload.set()
        await line.until(lambda: daemon.judges.rolled_back == 1)
        acked = daemon.health.acked
        await line.until(lambda: daemon.health.acked > acked)
        assert daemon.bundle.label == "tiny 1.2.0"
        assert read_floor(tmp_path / "state") == "1.0.0"
        assert "an operator failed): tiny 1.2.0 is back in use" in caplog.text
