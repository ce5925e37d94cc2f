"""A bundle made on x86-64 answers the same on arm64: integers within one step, floats within their tolerance.

A Debian of each kind that a Raspberry Pi runs is built once into `build/arm` (tests/arm/build.sh: root, apt, a minute).
Emulated speed says nothing about a Raspberry Pi, so none is measured.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.bundle import Bundle
from edge.inference.ports import Raw
from tests.arm.answer import answer

ROOT = Path(edge.__file__).parent.parent
BUILDS_HERE = bool(os.environ.get("CI")) and os.geteuid() == 0 and shutil.which("apt-get") is not None
PLACE = Path(os.environ.get("VAGUS_ARM") or ROOT / "build" / "arm")
ROWS, FEW, ONE = 8, 2, 1
"""Questions to a network in integers, to one in float, where only the order of additions could differ, to one of the
detector's, which are large. The canary, which opening the bundle plays, asks each network more."""
BUILD_LIMIT_S = 180
SHIPPED = ROOT / "edge" / "bundles" / "default"


@pytest.fixture(name="arm", params=[("bookworm", "3.11"), ("trixie", "3.13")], ids=lambda kind: kind[0])
def _arm(request: pytest.FixtureRequest) -> tuple[list[str], str]:
    """The command line of an arm64 Python that finds this tree, and its version."""
    suite, version = request.param
    emulator = shutil.which("qemu-aarch64-static")
    if emulator is None or shutil.which("mmdebstrap") is None:
        pytest.skip("no emulated arm64: install qemu-user-static and mmdebstrap (tests/system-packages does)")
    if not (PLACE / f"{suite}-site").is_dir():
        if not BUILDS_HERE:
            pytest.skip(f"no arm64 Debian in {PLACE}: run tests/arm/build.sh {PLACE} {suite} as root")
        script = ["timeout", str(BUILD_LIMIT_S), str(Path(__file__).with_name("build.sh")), str(PLACE), suite]
        built = subprocess.run(script, capture_output=True, text=True, check=False)
        if built.returncode:
            why = f"not within {BUILD_LIMIT_S} s" if built.returncode == 124 else built.stderr[-300:]
            pytest.skip(f"an arm64 {suite} cannot be built here: {why}")
    line = [emulator, "-cpu", "cortex-a72", "-L", str(PLACE / suite), "-E", "PYTHONDONTWRITEBYTECODE=1"]
    line += ["-E", f"PYTHONPATH={PLACE / f'{suite}-site'}:{ROOT}"]
    return [*line, str(PLACE / suite / "usr" / "bin" / f"python{version}")], version


def questions(bundle: Bundle) -> dict[str, Raw]:
    """Random inputs of every network, in its file's dtypes."""
    rng = np.random.default_rng(17)
    asked: dict[str, Raw] = {}
    for name, _ in bundle.contract.networks():
        ports = bundle.network(name).inputs.values()
        count = FEW if any(port.dtype == np.float32 for port in ports) else ROWS
        if name.startswith("detector/"):
            count = ONE
        for port in ports:
            rows = rng.normal(0, 0.7, (count, *port.shape[1:])).astype(np.float32)
            asked[f"{name}/{port.name}"] = port.quantise(rows)
    return asked


def test_the_shipped_bundle_says_the_same_on_arm(arm: tuple[list[str], str], tmp_path: Path) -> None:
    python, version = arm
    bundle = Bundle.open(SHIPPED)
    asked = questions(bundle)
    np.savez(tmp_path / "asked.npz", allow_pickle=False, **asked)
    line = [*python, str(Path(__file__).with_name("answer.py")), str(SHIPPED)]
    line += [str(tmp_path / "asked.npz"), str(tmp_path / "answered.npz")]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["machine"] == "aarch64"
    assert told["python"].startswith(version)
    here, _ = answer(bundle, asked)
    tolerance = {name: piece.tolerance for name, piece in bundle.contract.networks()}
    with np.load(tmp_path / "answered.npz", allow_pickle=False) as there:
        assert set(there.files) == set(here)
        for place, expected in here.items():
            off = np.abs(there[place].astype(np.float64) - expected.astype(np.float64))
            whole = np.issubdtype(expected.dtype, np.integer)
            assert off.max() <= (1 if whole else tolerance[place.rpartition("/")[0]]), place
    assert here["face/logits"].dtype == np.int8
