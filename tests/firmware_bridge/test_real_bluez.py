"""A real kernel and the real BlueZ in a small machine: paired by passkey, lost and found again (tests/vm)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VM = ROOT / "tests" / "vm"
BUILDS_HERE = bool(os.environ.get("CI")) and os.geteuid() == 0 and shutil.which("apt-get") is not None
IMAGE = os.environ.get("VAGUS_VM") or (str(ROOT / "build" / "vm") if BUILDS_HERE else "")


@pytest.mark.skipif(not IMAGE, reason="set VAGUS_VM=DIR to boot the BlueZ machine (built there by root, some minutes)")
def test_passkey_pairing_and_every_loss_on_real_bluez():
    image = Path(IMAGE)
    if not (image / "root.squashfs").exists():
        built = subprocess.run(
            ["bash", str(VM / "build.sh"), str(image)], capture_output=True, check=False, timeout=900
        )
        if built.returncode:
            pytest.skip(f"the BlueZ machine cannot be built here: {built.stderr.decode(errors='replace')[-300:]}")
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("the image is built, but qemu-system-x86_64 is not installed here")
    boot = ["bash", str(VM / "boot.sh"), str(image)]
    done = subprocess.run(boot, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False, timeout=600)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-6000:]
