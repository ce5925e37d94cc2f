"""How many fault schedules to run, and how fast relay, watch or camera got over them."""

import statistics

import pytest

_SHORT = 4
_SHORT_WHOLE = range(873, 876)
"""Three schedules of a whole daemon with seventeen of the twenty faults."""
_RECOVERIES = pytest.StashKey[dict[str, list[float]]]()


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
def part_back(request: pytest.FixtureRequest) -> dict[str, list[float]]:
    """Seconds from the last mending of a part of the daemon until it was at work again; one entry a schedule."""
    return request.config.stash.setdefault(_RECOVERIES, {})


@pytest.fixture
def recoveries(part_back: dict[str, list[float]]) -> list[float]:
    """Seconds from the last mending until everything was acknowledged; one entry a schedule."""
    return part_back.setdefault("relay", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, unsorted in sorted(config.stash.get(_RECOVERIES, dict[str, list[float]]()).items()):
        took = sorted(unsorted)
        if len(took) > 1:
            shares = statistics.quantiles(took, n=100, method="inclusive")
            figures = f"p50 {shares[49]:.3f} s, p99 {shares[98]:.3f} s, most {took[-1]:.3f} s"
            terminalreporter.write_line(f"{name}: recovery after {len(took)} fault schedules {figures}")


def _whole(config: pytest.Config, option: str, default: int) -> int:
    given: object = config.getoption(option, default=default)
    return given if isinstance(given, int) else default
