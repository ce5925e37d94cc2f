"""Addresses: what opens what, and one clear sentence for each that opens nothing."""

import pytest

from firmware_bridge.errors import AddressError
from firmware_bridge.links import open_link
from firmware_bridge.links.address import Address


def test_an_address_is_taken_apart():
    address = Address.parse("ble:F0:F1:F2:F3:F4:F5")
    assert (address.scheme, address.place, dict(address.options)) == ("ble", "F0:F1:F2:F3:F4:F5", {})
    address = Address.parse("serial:/dev/ttyUSB0?baud=9600")
    assert (address.scheme, address.place, address.whole("baud", 1)) == ("serial", "/dev/ttyUSB0", 9600)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no link address"),
        ("ble", "is no link address"),
        ("ble:", "is no link address"),
        ("carrier-pigeon:home", "no link is called 'carrier-pigeon'"),
        ("virtual:wearer?seed", "is not option=value"),
        ("virtual:wearer?seed=1&seed=2", "twice"),
        ("ble:F0:F1:F2:F3:F4:F5?rate=1", "unknown option 'rate'; there is none"),
        ("ble:F0:F1:F2:F3:F4", "F0:F1:F2:F3:F4 is no Bluetooth address; one has six pairs"),
        ("ble:F0-F1-F2-F3-F4-F5", "is no Bluetooth address"),
        ("serial:/dev/ttyUSB0?speed=9600", "unknown option 'speed'; there is baud, format"),
        ("serial:/dev/ttyUSB0?baud=abc", "baud must be a number from 0 up, got 'abc'"),
        ("serial:/dev/ttyUSB0?baud=0", "baud must lie between 50 and 4000000, got 0"),
        ("serial:/dev/ttyUSB0?baud=1e300", "baud must lie between 50 and 4000000"),
        ("serial:/dev/ttyUSB0?format=morse", "no format is called 'morse'; there are stream, grove, e4"),
        ("tcp:hub:3333?format=nonsense", "no format is called 'nonsense'; there are stream, grove, e4"),
        ("tcp:hub:3333?device=9ff167", "device is asked of Empatica's server; add format=e4"),
        ("tcp:hub:3333?format=e4&device=ä", "'ä' is no name of a device"),
        ("tcp:hub:3333?format=e4&device=9ff167%0Ddevice_list", "is no name of a device"),
        ("tcp:hub:3333?baud=9600", "unknown option 'baud'; there is device, format"),
        ("tcp:hub", "lacks a port"),
        ("tcp:hub..local:3333", "'hub..local' is no name of a computer"),
        ("replay:watch.jsonl?speed=2", "unknown option 'speed'; there is none"),
    ],
)
def test_what_is_no_address_is_refused_at_once(text: str, says: str):
    with pytest.raises(AddressError, match=says):
        open_link(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("virtual:ghost", "wearer or recording, not 'ghost'"),
        ("virtual:wearer?sede=1", "unknown option 'sede'"),
        ("virtual:wearer?seed=1.5", "whole number"),
        ("virtual:wearer?seed=x", "seed must be a number"),
        ("virtual:wearer?drop=2", "shares of packets"),
        ("virtual:wearer?silence=60", "FROM-TO"),
        ("virtual:wearer?silence=nan-90", "FROM-TO"),
        ("virtual:wearer?silence=90-60", "FROM-TO"),
        ("virtual:recording?subject=S02", "lacks 'file'"),
    ],
)
async def test_wrong_options_are_refused_on_entering(text: str, says: str):
    with pytest.raises(AddressError, match=says):
        async with open_link(text):
            pass


def test_speed_must_be_above_zero():
    with pytest.raises(AddressError, match="speed must be above 0, got 0"):
        open_link("virtual:wearer", speed=0)


def test_a_plus_in_the_name_of_a_file_is_a_plus():
    assert Address.parse("virtual:recording?file=a+b%20c.npz").options == {"file": "a+b c.npz"}
