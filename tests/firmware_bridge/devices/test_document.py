"""DEVICES.md says what the table of families says."""

from pathlib import Path

import pytest

import firmware_bridge
from firmware_bridge import gatt
from firmware_bridge.devices import FAMILIES, Family
from firmware_bridge.devices.family import Pairing

TEXT = (Path(firmware_bridge.__file__).parent / "DEVICES.md").read_text()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_every_family_has_its_row(family: Family):
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| {family.name} |")]
    _, _, title, gives, pairing, limits, _ = [cell.strip() for cell in row.split("|")]
    assert (title, pairing, limits) == (family.title, family.pairing, family.limits)
    for quantity, rates in family.gives.items():
        shown = f" {'/'.join(f'{hz:g}' for hz in sorted(rates))} Hz" if rates else ""
        assert quantity.replace("_", " ") + shown in gives


def test_every_family_that_speaks_to_strangers_by_radio_is_named():
    _, _, rest = TEXT.partition("## Encryption")
    text, _, _ = rest.partition("\n## ")
    wired = {gatt.SERIAL_STREAM, gatt.GROVE_LINES, gatt.E4_LINES}
    for family in FAMILIES:
        if not family.offers & wired:
            assert f"*{family.name}*" in text
    assert {family.name for family in FAMILIES if family.pairing is not Pairing.NONE} == {"infinitime"}
