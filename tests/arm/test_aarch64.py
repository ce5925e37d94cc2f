"""A bundle made on x86-64 gives the same answers on arm64: integers within one step, floats within their tolerance.

Runs where `tests/arm/build SUITE` was run; emulated speed says nothing about a Raspberry Pi, so none is measured.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import edge

PLACE = Path(os.environ.get("VAGUS_ARM", Path.home() / ".cache" / "vagus" / "arm"))
ROOT = Path(edge.__file__).parent.parent
EMULATOR = shutil.which("qemu-aarch64-static")


@pytest.mark.parametrize(("suite", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_the_shipped_bundle_opens_on_arm(suite: str, python: str) -> None:
    if EMULATOR is None or not (PLACE / f"{suite}-site").is_dir():
        pytest.skip(f"no emulated arm64: install qemu-user-static and mmdebstrap, then run tests/arm/build {suite}")
    root = PLACE / suite
    path = f"PYTHONPATH={PLACE / f'{suite}-site'}:{ROOT}"
    line = [EMULATOR, "-cpu", "cortex-a72", "-L", str(root), "-E", path, "-E", "PYTHONDONTWRITEBYTECODE=1"]
    line += [str(root / "usr" / "bin" / f"python{python}"), str(Path(__file__).with_name("open_bundle.py"))]
    ran = subprocess.run(
        [*line, str(ROOT / "edge" / "bundles" / "default")], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["machine"] == "aarch64"
    assert told["python"].startswith(python)
    assert told["runtime"].startswith("litert")
    assert {"face", "wrist", "fusion"} <= set(told["networks"])
