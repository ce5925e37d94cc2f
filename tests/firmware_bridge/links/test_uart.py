"""A console's notifications: lines whole, flow control out of them and obeyed."""

import asyncio

from firmware_bridge.links.uart import Uart


async def test_flow_control_is_taken_out_and_obeyed():
    uart = Uart()
    assert uart.feed(b'\r\n{"t":\x13"act"') == []
    writing = asyncio.ensure_future(uart.may_write())
    await asyncio.sleep(0)
    assert not writing.done()
    assert uart.feed(b"}\x11\r\n") == [b'{"t":"act"}']
    await writing


async def test_the_last_word_of_one_notification_counts():
    uart = Uart()
    uart.feed(b"\x13\x11")
    await asyncio.wait_for(uart.may_write(), 1)
    uart.feed(b"\x11\x13")
    assert not uart._ready.is_set()  # pyright: ignore[reportPrivateUsage] - a wait that never ends cannot be awaited
