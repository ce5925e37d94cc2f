"""What a whole run of the tests says at its end, whichever of its processes ran a test."""

import statistics
from collections import defaultdict
from typing import cast

import pytest

RECOVERIES = "recoveries"
"""Property of a fault schedule's report: seconds to recover, by part of the daemon."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How fast relay, watch or camera got over the fault schedules."""
    told: dict[str, list[float]] = defaultdict(list)
    for report in (one for reports in terminalreporter.stats.values() for one in reports):
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            parts = cast(dict[str, list[float]], dict(report.user_properties).get(RECOVERIES, {}))
            for name, seconds in parts.items():
                told[name] += seconds
    for name, unsorted in sorted(told.items()):
        took = sorted(unsorted)
        if len(took) > 1:
            shares = statistics.quantiles(took, n=100, method="inclusive")
            figures = f"p50 {shares[49]:.3f} s, p99 {shares[98]:.3f} s, most {took[-1]:.3f} s"
            terminalreporter.write_line(f"{name}: recovery after {len(took)} fault schedules {figures}")
