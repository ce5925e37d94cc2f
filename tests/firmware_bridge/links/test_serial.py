"""A serial board, played by a pseudo-terminal: frames in, commands out, unplugged and back."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge import codec
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.framing import Cobs
from firmware_bridge.links import open_link
from firmware_bridge.links.address import Address
from firmware_bridge.links.serial import open_serial
from firmware_bridge.messages import RateCommand, SkinConductance, Stamp, StreamChannel
from tests.fakes.pacing import SleepClock, until

FRAME = codec.encode(SkinConductance(Stamp(1, 1000, 128), (512, 513)))[1]


class Board:
    """The far end of a pseudo-terminal, reachable by a stable path as under /dev/serial/by-id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug_in()

    def plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def heard(self) -> bytes:
        return os.read(self._master, 1000)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    board = Board(tmp_path / "usb-board")
    yield board
    board.unplug()


async def test_frames_come_in_whatever_the_slices(board: Board):
    async with asyncio.timeout(5), open_link(f"serial:{board.path}?baud=9600", now=lambda: 42) as link:
        packets = link.packets()
        wire = b"\x07half\0" + Cobs.stuff(FRAME) + Cobs.stuff(b"next")
        board.say(wire[:9])
        board.say(wire[9:])
        first, second = await anext(packets), await anext(packets)
        assert (first.source, first.payload, first.arrived_ns) == ("stream", FRAME, 42)
        assert codec.decode(first.source, first.payload) == SkinConductance(Stamp(1, 1000, 128), (512, 513))
        assert second.payload == b"next"
        assert link.counts() == {"packets": 2, "dropped": 0, "garbage": 5, "reconnects": 0}


async def test_a_command_goes_out_stuffed(board: Board):
    command = codec.encode(RateCommand(StreamChannel.ALL, 0))[1]
    async with asyncio.timeout(5), open_link(f"serial:{board.path}") as link:
        await link.write("stream", command)
        assert board.heard() == Cobs.stuff(command)
        with pytest.raises(LinkError, match="carries 'stream'"):
            await link.write("elsewhere", command)
        with pytest.raises(LinkError, match="only streams"):
            await link.read("stream")


async def test_a_board_plugged_in_again_goes_on(board: Board):
    clock = SleepClock()
    plugged = asyncio.Event()

    async def sleep(s: float) -> None:
        # The link waits only while the board is away, so this is when it comes back.
        if not plugged.is_set():
            board.plug_in()
            plugged.set()
        await clock.sleep(s)

    address = Address.parse(f"serial:{board.path}")
    async with asyncio.timeout(5), open_serial(address, now=lambda: 0, sleep=sleep) as link:
        packets = link.packets()
        board.say(Cobs.stuff(FRAME))
        await anext(packets)
        board.unplug()
        reader = asyncio.ensure_future(anext(packets))
        await plugged.wait()
        board.say(Cobs.stuff(b"back"))
        assert (await reader).payload == b"back"
        assert link.counts()["reconnects"] == 1


async def test_a_board_unplugged_under_a_write_is_a_link_error(board: Board, monkeypatch: pytest.MonkeyPatch):
    def gone(_port: object, _data: bytes) -> None:
        raise TypeError("'NoneType' object cannot be interpreted as an integer")  # pyserial 3.5, whose fd is None now

    async with asyncio.timeout(5), open_link(f"serial:{board.path}") as link:
        monkeypatch.setattr("serial.Serial.write", gone)
        with pytest.raises(LinkError, match="cannot write to"):
            await link.write("stream", b"x")


async def test_a_silent_board_is_opened_anew_when_it_is_asked_for(board: Board):
    address = Address.parse(f"serial:{board.path}")
    async with asyncio.timeout(5), open_serial(address, now=lambda: 0, sleep=SleepClock().sleep) as link:
        await link.revive()
        await until(lambda: link.counts()["reconnects"] == 1)


async def test_a_board_that_stays_away_ends_the_packets(tmp_path: Path):
    board = Board(tmp_path / "usb-board")
    address = Address.parse(f"serial:{board.path}")
    async with asyncio.timeout(5), open_serial(address, now=lambda: 0, sleep=SleepClock().sleep) as link:
        board.unplug()
        with pytest.raises(LinkError, match="cannot open"):
            await anext(link.packets())


async def test_a_port_that_is_not_there_is_out_of_reach(tmp_path: Path):
    with pytest.raises(LinkError, match="is the board") as caught:
        async with open_link(f"serial:{tmp_path / 'none'}"):
            pass
    assert caught.value.trouble is Trouble.OUT_OF_REACH
