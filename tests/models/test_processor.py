"""Which processors are trusted with bfloat16."""

from pathlib import Path

import pytest

from models.processor import multiplies_bfloat16


@pytest.mark.parametrize(
    ("told", "can"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 fma\n", False),
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_the_flags_say_so(tmp_path: Path, told: str, can: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(told)
    assert multiplies_bfloat16(cpuinfo) is can


def test_without_linux_there_is_none(tmp_path: Path) -> None:
    assert not multiplies_bfloat16(tmp_path / "absent")
