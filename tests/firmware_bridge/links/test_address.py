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
