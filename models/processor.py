"""This machine in; whether its processor multiplies bfloat16 by itself, out.

Where it does not, each product is put together from float32 ones: training on an AVX2 processor took ten times as long.
"""

from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""As Linux names them: of x86-64 the first two, of arm64 the last."""


def multiplies_bfloat16(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether Linux tells of such an instruction; no where there is no Linux to ask."""
    if not cpuinfo.is_file():
        return False
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, told = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not _FLAGS.isdisjoint(told.split())
    return False
