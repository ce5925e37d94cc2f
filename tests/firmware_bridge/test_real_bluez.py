"""A real kernel and the real BlueZ in a small machine: paired by passkey, lost and found again (tests/vm)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

VM = Path(__file__).parents[1] / "vm"
IMAGE = os.environ.get("VAGUS_VM", "")


@pytest.mark.skipif(not IMAGE, reason="set VAGUS_VM=DIR to boot the BlueZ machine (built there by root, some minutes)")
def test_passkey_pairing_and_every_loss_on_real_bluez():
    image = Path(IMAGE)
    if not (image / "root.squashfs").exists():
        subprocess.run([str(VM / "build.sh"), str(image)], check=True, timeout=900)
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("the image is built, but qemu-system-x86_64 is not installed here")
    done = subprocess.run([str(VM / "boot.sh"), str(image)], stdout=subprocess.PIPE, check=False, timeout=600)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-4000:]
