"""What was usual by one bundle's networks says nothing of what another's will say, over restarts too."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from edge.acquaintance import Acquaintance
from edge.inference.decision import Decider, DecisionSettings
from tests.edge.test_acquaintance import WATCH, predicted
from tests.fakes.clock import HandClock


async def test_an_update_knows_no_usual_level_yet(tmp_path: Path) -> None:
    """The old networks said .1 of this person at rest, the new ones say .4: that is no rise."""
    clock, old = HandClock(), Decider(DecisionSettings())
    for k in range(720):
        old.step(predicted(5 * k, 0.1), by="vagus 1.0.0")
    lane = asyncio.create_task(Acquaintance(tmp_path, 7.0, WATCH, clock).run(old))
    await asyncio.sleep(0)
    lane.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await lane
    levels: dict[str, float] = {}
    for by in ("vagus 1.0.0", "vagus 1.1.0"):
        after = Decider(DecisionSettings(smoothing_s=0))
        Acquaintance(tmp_path, 7.0, WATCH, clock).remind(after)
        levels[by] = after.step(predicted(4000, 0.4), by=by).level
    assert levels["vagus 1.0.0"] > 0.7
    assert levels["vagus 1.1.0"] == pytest.approx(0.4, abs=0.01)
