"""The desk where a watch is paired: one thing at a time, every question answered or refused, every failure in words."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from edge.panel.errors import SessionError
from edge.panel.pairing import Answer, Pairing, PairingDesk
from tests.edge.panel.looked_at import ScriptedRadio


class Shown:
    """Every step the page was shown."""

    def __init__(self) -> None:
        self.radio = ScriptedRadio()
        self.steps: list[str] = []
        self.desk = PairingDesk(self.radio, self._changed)
        self._moved = asyncio.Event()

    def _changed(self) -> None:
        self.steps.append(self.desk.now.step)
        self._moved.set()

    async def until(self, step: str) -> Pairing:
        async with asyncio.timeout(20):
            while self.desk.now.step != step:
                self._moved.clear()
                await self._moved.wait()
        return self.desk.now


@pytest.fixture
async def shown() -> AsyncGenerator[Shown]:
    made = Shown()
    yield made
    await made.desk.cancel()


async def test_scan_choose_passkey_heartbeat_done(shown: Shown) -> None:
    shown.desk.scan()
    found = await shown.until("found")
    assert found.devices[0].family == "Vagus"
    shown.desk.choose(shown.radio.address)
    assert (await shown.until("passkey")).address == shown.radio.address
    shown.desk.answer(Answer(passkey=shown.radio.key))
    heard = (await shown.until("done")).heard
    assert heard is not None
    assert heard.bpm == 72
    assert shown.steps == ["scanning", "found", "connecting", "passkey", "connecting", "done"]


async def test_a_number_to_be_compared_is_shown(shown: Shown) -> None:
    shown.radio.numeric = True
    shown.desk.scan()
    await shown.until("found")
    shown.desk.choose(shown.radio.address)
    assert (await shown.until("confirm")).number == shown.radio.key
    shown.desk.answer(Answer(same=True))
    await shown.until("done")


async def test_a_wrong_passkey_fails_in_words_and_the_devices_stay(shown: Shown) -> None:
    shown.desk.scan()
    await shown.until("found")
    shown.desk.choose(shown.radio.address)
    await shown.until("passkey")
    shown.desk.answer(Answer(passkey=1))
    failed = await shown.until("failed")
    assert "passkey right" in failed.trouble
    shown.desk.choose(failed.devices[0].address)
    await shown.until("passkey")


async def test_a_scan_that_cannot_be_made_fails_in_words(shown: Shown) -> None:
    shown.radio.trouble = "there is no Bluetooth adapter"
    shown.desk.scan()
    assert (await shown.until("failed")).trouble == "there is no Bluetooth adapter"


async def test_what_nobody_foresaw_fails_in_words_too(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    shown.radio.breaks = TypeError("an Integer takes no items")
    shown.desk.scan()
    assert "TypeError: an Integer takes no items" in (await shown.until("failed")).trouble
    assert "Traceback" in caplog.text
    shown.radio.breaks = None
    shown.desk.scan()
    await shown.until("found")


async def test_one_thing_at_a_time(shown: Shown) -> None:
    with pytest.raises(SessionError, match="asks nothing"):
        shown.desk.answer(Answer(passkey=1))
    with pytest.raises(SessionError, match="scan again"):
        shown.desk.choose(shown.radio.address)
    shown.desk.scan()
    await shown.until("found")
    shown.desk.choose(shown.radio.address)
    await shown.until("passkey")
    with pytest.raises(SessionError, match="under way"):
        shown.desk.scan()
    await shown.desk.cancel()
    assert shown.desk.now.step == "found"
    shown.desk.scan()
    await shown.until("found")
    assert shown.steps[-2:] == ["scanning", "found"]


async def test_a_watch_with_nothing_to_show_is_not_asked_about(shown: Shown) -> None:
    assert await shown.desk.confirm(shown.radio.address, None)
    assert shown.steps == []
