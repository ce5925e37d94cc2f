"""How many fault schedules to run, and how fast relay, watch or camera got over each."""

from collections.abc import Callable, Generator

import pytest

from tests.conftest import RECOVERIES

_SHORT = 4
_SHORT_WHOLE = range(873, 876)
"""Three schedules of a whole daemon with seventeen of the twenty faults."""


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
    record_property(RECOVERIES, took)


@pytest.fixture
def recoveries(part_back: dict[str, list[float]]) -> list[float]:
    """Seconds from the last mending until everything was acknowledged."""
    return part_back.setdefault("relay", [])


def _whole(config: pytest.Config, option: str, default: int) -> int:
    given: object = config.getoption(option, default=default)
    return given if isinstance(given, int) else default
