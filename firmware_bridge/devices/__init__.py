"""Device families: how each is recognised, started, re-rated, kept alive and stopped."""

from collections.abc import Collection

from firmware_bridge.devices.family import Family, Quantity, Seen
from firmware_bridge.devices.movesense import MOVESENSE
from firmware_bridge.devices.others import EMPATICA, GROVE, MUSE
from firmware_bridge.devices.polar import POLAR_H10, POLAR_VERITY
from firmware_bridge.devices.vagus import BANGLE_APP, VAGUS, VAGUS_SERIAL
from firmware_bridge.devices.watches import BANGLE, HEART_STRAP, INFINITIME

FAMILIES = (
    VAGUS,
    VAGUS_SERIAL,
    POLAR_H10,
    POLAR_VERITY,
    INFINITIME,
    BANGLE,
    BANGLE_APP,
    MOVESENSE,
    MUSE,
    EMPATICA,
    GROVE,
    HEART_STRAP,
)
"""Every family, the particular before the general: the first that fits is it."""


def recognise(seen: Seen) -> Family | None:
    """The family of an advertising device, None if it is none of ours; a name says more than a service."""

    def fit(family: Family) -> int:
        return 2 * bool(family.names and seen.name.startswith(family.names)) + bool(seen.services & family.advertises)

    best = max(FAMILIES, key=fit)
    return best if fit(best) else None


def recognise_offer(offered: Collection[str], name: str = "") -> Family | None:
    """The family of a connected device, by its characteristics and, between two that offer the same, by its name."""
    fitting = [family for family in FAMILIES if family.offers <= set(offered)]
    named = [family for family in fitting if family.names and name.startswith(family.names)]
    return next(iter(named or fitting), None)


__all__ = ["FAMILIES", "Family", "Quantity", "Seen", "recognise", "recognise_offer"]
