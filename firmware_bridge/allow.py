"""The allow-list: which devices may be heard by radio, and a sentence for each that may not."""

from collections.abc import Collection

from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import open_link
from firmware_bridge.links.address import MAC, Address


def check_allowed(place: str, allowed: Collection[str]) -> None:
    """Raise LinkError (`NOT_ALLOWED`) if a device is not on a list that has anything on it.

    A name is refused as well: whatever is in reach may call itself by it.
    """
    if not allowed or place.upper() in {each.upper() for each in allowed}:
        return
    listed = ", ".join(allowed)
    if not MAC.fullmatch(place):
        raise LinkError(
            f"{place} is a name, which any device may take, and the allow-list has {listed}; "
            "give one of these addresses instead",
            Trouble.NOT_ALLOWED,
        )
    raise LinkError(f"{place} is not on the allow-list, which has {listed}; add it there", Trouble.NOT_ALLOWED)


def check_link(address: str, allowed: Collection[str]) -> None:
    """As `check_allowed`, for a link's address: cables, servers and recordings pass.

    Raises AddressError for one that no link can be opened by, in its place or its options; nothing is opened.
    """
    open_link(address)
    where = Address.parse(address)
    if where.scheme == "ble":
        check_allowed(where.place, allowed)
