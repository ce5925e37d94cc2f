"""A small disk of its own, to be filled to the last byte and emptied again."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_SIZE = "2m"
_CHUNK = b"\0" * 65536


class Disk:
    """A tmpfs; only root may mount one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def mount(self) -> bool:
        """True when it is there; False where we may not."""
        self.directory.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(self.directory)]
        return os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.directory)], check=True)

    def fill(self) -> None:
        """Leave no room."""
        chunk = _CHUNK
        with self._filler.open("ab", buffering=0) as file:
            while chunk:
                try:
                    if file.write(chunk) < len(chunk):
                        raise OSError
                except OSError:
                    chunk = chunk[: len(chunk) // 2]

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(directory: Path) -> Generator[Disk | None]:
    """A disk for the time of the block; None where we may not mount one."""
    found = Disk(directory)
    if not found.mount():
        yield None
        return
    try:
        yield found
    finally:
        found.unmount()
