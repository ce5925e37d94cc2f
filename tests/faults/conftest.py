"""How many fault schedules to run, and how fast relay, watch or camera got over them."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Generator
from typing import cast

import pytest

_SHORT = 4
_SHORT_WHOLE = range(873, 876)
"""Three schedules of a whole daemon with seventeen of the twenty faults."""
_RECOVERIES = "recoveries"
"""What a schedule's report carries, also from one of several processes that share the tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Heard when pytest is given this folder: `pytest tests/faults --schedules 1000`."""
    parser.addoption("--schedules", type=int, default=0, help="so many seeded fault schedules; 0: a short set")
    parser.addoption("--first-schedule", type=int, default=0, help="seed of the first of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = _whole(metafunc.config, "--first-schedule", 0)
        many = _whole(metafunc.config, "--schedules", 0)
        short = _SHORT_WHOLE if metafunc.function.__name__ == "test_a_sensor_schedule" else range(_SHORT)
        metafunc.parametrize("seed", range(first, first + many) if many else short)


@pytest.fixture
def part_back(record_property: Callable[[str, object], None]) -> Generator[dict[str, list[float]]]:
    """Seconds from the last mending of a part of the daemon until it was at work again."""
    took: dict[str, list[float]] = {}
    yield took
    record_property(_RECOVERIES, took)


@pytest.fixture
def recoveries(part_back: dict[str, list[float]]) -> list[float]:
    """Seconds from the last mending until everything was acknowledged."""
    return part_back.setdefault("relay", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told: dict[str, list[float]] = defaultdict(list)
    for report in (one for reports in terminalreporter.stats.values() for one in reports):
        if isinstance(report, pytest.TestReport) and report.when == "teardown":
            parts = cast(dict[str, list[float]], dict(report.user_properties).get(_RECOVERIES, {}))
            for name, seconds in parts.items():
                told[name] += seconds
    for name, unsorted in sorted(told.items()):
        took = sorted(unsorted)
        if len(took) > 1:
            shares = statistics.quantiles(took, n=100, method="inclusive")
            figures = f"p50 {shares[49]:.3f} s, p99 {shares[98]:.3f} s, most {took[-1]:.3f} s"
            terminalreporter.write_line(f"{name}: recovery after {len(took)} fault schedules {figures}")


def _whole(config: pytest.Config, option: str, default: int) -> int:
    given: object = config.getoption(option, default=default)
    return given if isinstance(given, int) else default
