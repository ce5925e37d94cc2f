"""What was typed after `edge-export` in; numbers and days that mean something, and the line for the report, out."""

import math
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import typer

from export.errors import ExportError


def number(points: float) -> float:
    """No bar holds against what is no number."""
    if not math.isfinite(points):
        raise typer.BadParameter("give a number of points, such as 0.5")
    return points


def until_of(day: datetime) -> datetime:
    """The end of a day, or the moment that was given, UTC; ExportError where it is past."""
    whole = day.time() == time.min
    until = (day + timedelta(days=1, seconds=-1) if whole else day).replace(tzinfo=UTC)
    if until <= datetime.now(UTC):
        raise ExportError(f"--expires {day:%Y-%m-%d} is past, so that no device would run the bundle; give a later day")
    return until


def retold(line: Sequence[str]) -> str:
    """What stands in the report: the same bundle comes of it elsewhere, and it tells no one where the key lies."""
    words: list[str] = []
    hidden = iter(line)
    for word in hidden:
        flag, _, value = word.partition("=")
        if flag not in ("--sign", "--json"):
            words.append(word)
            continue
        if not value:
            next(hidden, None)
        if flag == "--sign":
            words += [flag, "KEY"]
    return shlex.join(["export", *words])
