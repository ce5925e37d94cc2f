"""The allow-list: what passes, and what would work instead of what does not."""

import pytest

from firmware_bridge.allow import check_allowed, check_link
from firmware_bridge.errors import AddressError, LinkError, Trouble

OURS, OTHER = "F0:F1:F2:F3:F4:F5", "A0:A1:A2:A3:A4:A5"


@pytest.mark.parametrize("address", [f"ble:{OTHER}", "ble:InfiniTime"])
def test_without_a_list_anything_passes(address: str):
    check_link(address, ())


@pytest.mark.parametrize(
    "address", [f"ble:{OURS}", f"BLE:{OURS.lower()}", "serial:/dev/ttyUSB0", "tcp:host:1", "replay:x", "virtual:wearer"]
)
def test_what_is_on_the_list_passes_and_so_does_what_comes_by_no_radio(address: str):
    check_link(address, (OURS.lower(), OTHER))


@pytest.mark.parametrize(
    ("place", "says"),
    [(OTHER, f"not on the allow-list, which has {OURS}; add it"), ("Vagus", f"name.*has {OURS}; give one of these")],
)
def test_what_is_not_on_the_list_is_refused_with_what_would_work(place: str, says: str):
    with pytest.raises(LinkError, match=says) as caught:
        check_allowed(place, (OURS,))
    assert caught.value.trouble is Trouble.NOT_ALLOWED


def test_what_is_no_address_is_told_as_ever():
    with pytest.raises(AddressError):
        check_link("nonsense", (OURS,))
