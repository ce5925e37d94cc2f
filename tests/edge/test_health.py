"""A machine that has no more descriptors costs the daemon its figures, never its life."""

from collections.abc import Callable

import psutil
import pytest

from edge.clock import HostNs
from edge.health import ProcessMeter


def _nothing_left(*_: object) -> object:
    raise OSError(24, "Too many open files")


def _gone(*_: object) -> object:
    raise psutil.AccessDenied


@pytest.mark.parametrize("trouble", [_nothing_left, _gone])
def test_a_figure_that_is_not_told_is_the_last_one(
    trouble: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = ProcessMeter(HostNs(0))
    before = meter.sample()
    spent = meter.cpu_percent(HostNs(10**9))
    monkeypatch.setattr(psutil.Process, "memory_info", trouble)
    monkeypatch.setattr(psutil.Process, "cpu_times", trouble)
    assert meter.sample() == before
    assert meter.peak_rss_mb() >= meter.steady_rss_mb() > 0
    assert meter.cpu_percent(HostNs(10**9)) == spent
