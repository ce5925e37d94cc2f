"""Memory that goes back to the system, of real processes."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from edge.memory import give_back

_LOADED = """
import cv2, numpy as np
import resource
from pathlib import Path
from edge.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

def work():
    picture = np.arange(480 * 640, dtype=np.float32).reshape(480, 640) % 251
    return float(cv2.GaussianBlur(picture, (5, 5), 1.2).sum()), float(np.linalg.det(picture[:64, :64] + np.eye(64)))

first, before = work(), resident()
give_back()
after = resident()
assert work() == first
give_back()
assert work() == first
print(before - after)
"""

needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="this system has no /proc/self/smaps")


@needs_proc
def test_code_that_only_the_start_ran_leaves_and_comes_back_when_it_is_called():
    said = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert float(said.stdout) > 5, "a process with OpenCV and NumPy maps tens of megabytes of code"


def test_a_system_that_shows_no_map_of_the_process_is_left_alone(tmp_path: Path):
    give_back(tmp_path / "none")


def test_what_a_process_has_written_to_and_what_it_can_write_to_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    table = tmp_path / "smaps"
    table.write_text("".join(
        f"{start:x}-{start + 0x1000:x} {mode} {offset} fe:00 12 {path}\nRss: 4 kB\nAnonymous: {anonymous} kB\n"
        for start, mode, offset, path, anonymous in (
            (0x10000, "r-xp", "00001000", "/lib/its code.so", 0),
            (0x20000, "r-xp", "00000000", "/lib/whole.so", 0),
            (0x30000, "r--p", "00002000", "/lib/relocated.so", 4),
            (0x40000, "rw-p", "00003000", "/lib/data.so", 0),
            (0x50000, "r--s", "00004000", "/dev/shm/shared", 0),
            (0x60000, "r-xp", "00005000", "[vdso]", 0),
            (0x70000, "r--p", "00006000", "", 0),
            (0x80000, "r--p", "00007000", "/lib/constants.so", 0),
        )
    ))  # fmt: skip
    dropped: list[int | None] = []

    def madvise(start: ctypes.c_void_p, size: ctypes.c_size_t, advice: int) -> None:
        dropped.append(start.value)

    monkeypatch.setattr("edge.memory._function", {"madvise": madvise}.get)
    give_back(table)
    assert dropped == [0x10000, 0x80000]
