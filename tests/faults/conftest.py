"""How many fault schedules to run, and how fast the relay got over them."""

import statistics

import pytest

_SHORT = 4
_RECOVERIES = pytest.StashKey[list[float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Heard when pytest is given this folder: `pytest tests/faults --schedules 1000`."""
    parser.addoption("--schedules", type=int, default=_SHORT, help="seeded fault schedules to run")
    parser.addoption("--first-schedule", type=int, default=0, help="seed of the first of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = _whole(metafunc.config, "--first-schedule", 0)
        metafunc.parametrize("seed", range(first, first + _whole(metafunc.config, "--schedules", _SHORT)))


@pytest.fixture
def recoveries(request: pytest.FixtureRequest) -> list[float]:
    """Seconds from the last mending until everything was acknowledged; one entry a schedule."""
    return request.config.stash.setdefault(_RECOVERIES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    took = sorted(config.stash.get(_RECOVERIES, list[float]()))
    if len(took) > 1:
        shares = statistics.quantiles(took, n=100, method="inclusive")
        figures = f"recovery p50 {shares[49]:.3f} s, p99 {shares[98]:.3f} s, most {took[-1]:.3f} s"
        terminalreporter.write_line(f"{len(took)} fault schedules, {figures}")


def _whole(config: pytest.Config, option: str, default: int) -> int:
    given: object = config.getoption(option, default=default)
    return given if isinstance(given, int) else default
