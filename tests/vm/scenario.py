"""In the machine: scan, pair by passkey, hear, lose the link, the adapter and bluetoothd, and hear again each time."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from firmware_bridge import bluez, codec, gatt
from firmware_bridge.claim import InUseError
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import Packet, open_link
from firmware_bridge.messages import HeartRate
from firmware_bridge.pairing import Paired, ScriptedAnswers, bonds, forget, pair, scan

HERE = Path(__file__).parent
SETTINGS, LOG = Path("/run/vagus.toml"), Path("/run/vagus.log")
PULSE_HZ = 64
LISTENER = """
import asyncio
from firmware_bridge.links import open_link

async def listen():
    async with open_link("ble:F0:F1:F2:F3:F4:F5") as link:
        print((await anext(link.packets())).source, flush=True)
        await asyncio.sleep(600)

asyncio.run(listen())
"""
DAEMON = (sys.executable, "-m", "edge.cli")
sys.path.insert(0, str(HERE))

from radio import ADDRESS, PASSKEY  # noqa: E402 - beside this file

BACK_S = 10.0
"""How long until data flows again after the link is lost."""


class Step:
    """Says how long a step took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> "Step":
        self._begun = time.monotonic()
        return self

    def __exit__(self, *error: object) -> None:
        self.s = time.monotonic() - self._begun
        print(f"{'FAILED' if error[0] else 'ok'}  {self._what}: {self.s:.1f} s", flush=True)


async def radio_up() -> asyncio.subprocess.Process:
    radio = await asyncio.create_subprocess_exec(sys.executable, str(HERE / "radio.py"), stdout=subprocess.PIPE)
    assert radio.stdout is not None
    assert b"up" in await radio.stdout.readline()
    return radio


def restart_bluetoothd() -> None:
    os.kill(int(Path("/run/bluetoothd.pid").read_text()), signal.SIGTERM)
    time.sleep(1)
    subprocess.run(["sh", str(HERE / "bluetoothd.sh")], check=True)


def expect(trouble: Trouble, error: LinkError) -> None:
    """The failure is the one that was meant."""
    if error.trouble is not trouble:
        raise error


async def found() -> None:
    """Scan until the watch is seen; the adapter powers up by itself, but not at once."""
    async with asyncio.timeout(60):
        while True:
            try:
                if any(one.seen.address == ADDRESS for one in await scan(3)):
                    return
            except LinkError as error:
                expect(Trouble.NO_ADAPTER, error)
                await asyncio.sleep(0.5)


async def pair_patiently(answers: ScriptedAnswers) -> Paired:
    """As a person would: a watch that one scan did not hear, on a machine this slow, is looked for again."""
    for _ in range(2):
        try:
            return await pair(ADDRESS, answers)
        except LinkError as error:
            expect(Trouble.OUT_OF_REACH, error)
    return await pair(ADDRESS, answers)


async def hear(packets: AsyncIterator[Packet], count: int) -> None:
    async with asyncio.timeout(60):
        for _ in range(count):
            packet = await anext(packets)
            codec.decode(packet.source, packet.payload)


async def heard_again(packets: AsyncIterator[Packet], since_ns: int) -> None:
    async with asyncio.timeout(90):
        while (await anext(packets)).arrived_ns < since_ns:
            pass


async def main() -> None:
    radio = await radio_up()
    with Step("scan until the watch is seen"):
        await found()
    with Step("a wrong passkey is told apart"):
        try:
            await pair_patiently(ScriptedAnswers(111111))
        except LinkError as error:
            expect(Trouble.WRONG_PASSKEY, error)
        else:
            raise AssertionError("a wrong passkey paired")
    await forget(ADDRESS)
    await found()
    with Step("pair by passkey to the first heartbeat"):
        paired = await pair_patiently(ScriptedAnswers(PASSKEY))
        assert isinstance(paired.first, HeartRate), paired
    assert [bond.address for bond in await bonds()] == [ADDRESS]

    async with open_link(f"ble:{ADDRESS}") as link:
        packets = link.packets()
        with Step("a hundred packets, and the battery"):
            await hear(packets, 100)
            assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])
        with Step("hung up on: data again") as step:
            lost_ns = time.monotonic_ns()
            radio.send_signal(signal.SIGUSR1)
            async with asyncio.timeout(60):
                while link.counts()["reconnects"] == 0:
                    await anext(packets)
            await heard_again(packets, lost_ns)
        assert step.s < BACK_S, step.s
        with Step("adapter power cycle: data again"):
            await bluez.power_cycle()
            await heard_again(packets, time.monotonic_ns())
        with Step("bluetoothd restarted: data again"):
            await asyncio.to_thread(restart_bluetoothd)
            await heard_again(packets, time.monotonic_ns())
    await killed_while_connected()
    await forget(ADDRESS)
    await found()
    await asyncio.to_thread(daemon_pairs)
    await asyncio.to_thread(daemon_recovers, radio)
    radio.send_signal(signal.SIGTERM)
    await radio.wait()
    print("all is well", flush=True)


async def killed_while_connected() -> None:
    """BlueZ keeps the connection of a program that was killed; it is left to one that lives."""
    listener = await asyncio.create_subprocess_exec(sys.executable, "-c", LISTENER, stdout=subprocess.PIPE)
    assert listener.stdout is not None
    assert await listener.stdout.readline()
    try:
        await bluez.let_go(ADDRESS)
    except InUseError as error:
        expect(Trouble.REFUSED, error)
    else:
        raise AssertionError("a program that listens has claimed nothing")
    assert [bond.connected for bond in await bonds()] == [True], "taken from a program that listens"
    listener.kill()
    await listener.wait()
    with Step("killed while connected: data again"):
        async with open_link(f"ble:{ADDRESS}") as link:
            await hear(link.packets(), 10)


def daemon_pairs() -> None:
    """What a tester types: the watch is bonded, heard and stored in the settings."""
    asked = (*DAEMON, "pair", ADDRESS, "--passkey", str(PASSKEY), "--config", str(SETTINGS), "--json", "-")
    with Step("edge-daemon pair --json"):
        done = subprocess.run(asked, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    assert told["paired"] is True
    assert told["heart_rate_bpm"] > 0
    assert f"ble:{ADDRESS}" in SETTINGS.read_text()


def daemon_recovers(radio: asyncio.subprocess.Process) -> None:
    """The daemon itself, through a lost link and a restarted bluetoothd, never restarted."""
    SETTINGS.write_text(f"state_dir = '/run/vagus'\n{SETTINGS.read_text()}\n[panel]\nenabled = false\n")
    with LOG.open("wb") as log, Step("edge-daemon run hears the watch"):
        asked = (*DAEMON, "run", "--config", str(SETTINGS), "--json", "-")
        running = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=log)
        until = time.monotonic() + 120
        while "watch is online" not in LOG.read_text() and time.monotonic() < until:
            time.sleep(0.2)
    begun = time.monotonic()
    radio.send_signal(signal.SIGUSR1)
    time.sleep(2 * BACK_S)
    restart_bluetoothd()
    time.sleep(2 * BACK_S)
    awake_s = time.monotonic() - begun
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)
    print(LOG.read_text(), flush=True)
    assert running.returncode == 0
    heard_s = json.loads(output)["samples"]["pulse"] / PULSE_HZ
    print(f"ok  edge-daemon run: {heard_s:.1f} s of pulse in {awake_s:.1f} s with two losses", flush=True)
    assert heard_s > awake_s - 2 * BACK_S


if __name__ == "__main__":
    asyncio.run(main())
