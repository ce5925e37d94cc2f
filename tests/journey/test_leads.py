"""A chest strap and a headband, played from recordings by virtual devices, are judged where the bundle wants them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from edge.bundle_keys import key_line
from edge.health import ProcessMeter
from edge.health_page import ready
from edge.page_rest import rest_seen
from edge.service import Service, open_service
from edge.settings import ModelSettings, Settings, WatchSettings
from tests.fakes.bundles import KEY
from tests.fakes.electrodes import ecg_file, eeg_file, leads_bundle
from tests.fakes.services import running, states

PACE = 20.0
"""Times the pace of life: an epoch comes every 0.1 s then, which a busy machine can keep up with."""


@pytest.fixture(autouse=True)
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's user trusts the key that the tests sign with."""
    own = tmp_path / "config" / "vagus" / "trusted.pub"
    own.parent.mkdir(parents=True)
    own.write_text(key_line(KEY.public_key(), "tests"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@asynccontextmanager
async def judged(tmp_path: Path, file: Path, *, cap: bool = False) -> AsyncGenerator[Service]:
    """A daemon whose bundle wants ECG and EEG, and whose watch plays a recording of one of them."""
    leads_bundle(tmp_path / "bundle", cap=cap)
    settings = msgspec.structs.replace(
        Settings(),
        state_dir=str(tmp_path / "state"),
        models=ModelSettings(bundle=str(tmp_path / "bundle")),
        watch=WatchSettings(f"virtual:recording?file={file}&subject=S00"),
    )
    stop = asyncio.Event()
    async with asyncio.timeout(120), open_service(settings, speed=PACE) as service, asyncio.TaskGroup() as lanes:
        lanes.create_task(service.daemon.run(stop))
        yield service
        stop.set()


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what is waited for is counted by many rooms and has no event
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("load", [True, False])
@pytest.mark.parametrize("lead", ["ecg", "eeg"])
async def test_a_recording_of_electrodes_is_judged_and_published(tmp_path: Path, lead: str, load: bool) -> None:
    file = (ecg_file if lead == "ecg" else eeg_file)(tmp_path / "recording.npz", load=load)
    async with judged(tmp_path, file) as service:
        daemon = service.daemon
        async for state in states(service):
            if state.stress is not None:
                assert state.modalities == (lead,)
                break

        def told() -> bool:
            p, word = daemon.prediction, daemon.leads.words[lead]
            said = word.startswith("arithmetic " if load else "rest ")
            return said and p is not None and (p.stress > 0.7 if load else p.stress < 0.6)

        await until(told)
        assert daemon.health.skipped[f"{lead}_quiet"] > 0
        assert ready(daemon)[1]["leads"] == dict(daemon.leads.words)
        assert service.summary(ProcessMeter(service.clock.now()))["leads"] == dict(daemon.leads.words)
        assert not daemon.losses()["garbage"]


async def test_what_was_said_does_not_outlast_the_strap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.ears.QUIET_S", 1.0)
    async with judged(tmp_path, ecg_file(tmp_path / "ecg.npz", load=False)) as service:
        leads = service.daemon.leads
        await until(lambda: leads.words["ecg"].startswith("rest "))
        await service.daemon.finished.wait()
        await until(lambda: leads.words["ecg"] == "nothing heard yet")


async def test_a_headband_is_no_cap(tmp_path: Path) -> None:
    async with judged(tmp_path, eeg_file(tmp_path / "eeg.npz", seconds=20), cap=True) as service:
        await service.daemon.finished.wait()
        assert not service.daemon.health.predictions
        assert service.daemon.leads.words["eeg"].startswith("not judged: this device gives TP9, AF7, AF8, TP10, and")
        assert service.daemon.health.skipped["eeg_electrodes"] > 0


async def test_a_bundle_without_a_wrist_takes_the_quiet_minute_anew(tmp_path: Path) -> None:
    async with judged(tmp_path, ecg_file(tmp_path / "ecg.npz", seconds=90)) as service:
        daemon = service.daemon
        assert rest_seen(daemon).offered
        await until(lambda: "%" in daemon.leads.words["ecg"])
        daemon.baseline_start()
        assert daemon.leads.words["ecg"].startswith("waiting for the quiet minute")
        await until(lambda: "%" in daemon.leads.words["ecg"])


async def test_a_bundle_without_them_passes_them_by(tmp_path: Path) -> None:
    address = f"virtual:recording?file={ecg_file(tmp_path / 'ecg.npz', seconds=30)}&subject=S00"
    async with asyncio.timeout(60), running(tmp_path / "state", address) as service:
        await service.daemon.finished.wait()
        assert service.daemon.health.samples["ecg"] > 130 * 55
        assert not service.daemon.leads.words
        assert "leads" not in service.summary(ProcessMeter(service.clock.now()))
        assert service.daemon.prediction is None
