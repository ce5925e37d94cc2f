"""Recordings of electrodes worn by a strap or a headband: the right samples, and clear words when it cannot be."""

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import AddressError, LinkError
from firmware_bridge.links import open_link
from firmware_bridge.virtual.mental import kind_of, wear
from firmware_bridge.virtual.montage import HEADBAND, headband
from tests.fakes.electrodes import CAP, ecg_file, eeg_file


def test_a_strap_samples_at_its_own_rate(tmp_path: Path) -> None:
    file = ecg_file(tmp_path / "ecg.npz", seconds=20)
    assert kind_of(file) == "ecg"
    seconds = list(wear(file, "S00", 0.0, "polar-h10"))
    assert len(seconds) == 40
    ecg = np.concatenate([second.ecg_uv for second in seconds if second.ecg_uv is not None])
    assert len(ecg) == 40 * 130
    assert 900 < np.percentile(ecg, 99.5) < 1100
    peaks = np.flatnonzero((ecg[1:-1] > 600) & (ecg[1:-1] >= ecg[:-2]) & (ecg[1:-1] > ecg[2:]))
    assert len(peaks[peaks < 20 * 130]) == pytest.approx(62 / 3, abs=1.5)


def test_a_headband_hears_its_four_leads(tmp_path: Path) -> None:
    file = eeg_file(tmp_path / "eeg.npz", seconds=10)
    second = next(iter(wear(file, "S00", 4.0, "muse")))
    assert second.eeg_uv is not None
    assert second.eeg_uv.shape == (256, 4)
    alpha = np.abs(np.fft.rfft(second.eeg_uv, axis=0))[10] / 128
    assert alpha[0] == pytest.approx(20, rel=0.3)
    assert alpha[1] < 5


def test_leads_are_told_from_the_middle_of_the_forehead() -> None:
    cap = np.arange(len(CAP), dtype=np.float64)[np.newaxis] * np.ones((3, 1))
    told = headband(cap, CAP)
    fpz = (CAP.index("Fp1") + CAP.index("Fp2")) / 2
    assert told[0].tolist() == [sum(map(CAP.index, pair)) / 2 - fpz for pair in HEADBAND.values()]
    with pytest.raises(ValueError, match="without T3"):
        headband(cap, [name for name in CAP if name != "T3"] + ["Cz"])


def test_who_cannot_play_it_says_so(tmp_path: Path) -> None:
    file = ecg_file(tmp_path / "ecg.npz", seconds=10)
    with pytest.raises(LinkError, match="holds ecg, and a muse measures eeg"):
        wear(file, "S00", 0.0, "muse")
    with pytest.raises(LinkError, match="no subject 'S77'; there are S00"):
        wear(file, "S77", 0.0, "polar-h10")
    with pytest.raises(LinkError, match="20 s long; it cannot start at 20 s"):
        wear(file, "S00", 20.0, "polar-h10")


async def test_a_watch_without_electrodes_is_refused(tmp_path: Path) -> None:
    file = ecg_file(tmp_path / "ecg.npz", seconds=10)
    with pytest.raises(AddressError, match="a bangle has no electrodes"):
        async with open_link(f"virtual:recording?file={file}&subject=S00&device=bangle"):
            pass
