"""DEVICES.md says what the table of families says."""

from pathlib import Path

import pytest

import firmware_bridge
from firmware_bridge.devices import FAMILIES, Family

TEXT = (Path(firmware_bridge.__file__).parent / "DEVICES.md").read_text()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_every_family_has_its_row(family: Family):
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| {family.name} |")]
    _, _, title, gives, pairing, limits, _ = [cell.strip() for cell in row.split("|")]
    assert (title, pairing, limits) == (family.title, family.pairing, family.limits)
    for quantity, rates in family.gives.items():
        shown = f" {'/'.join(f'{hz:g}' for hz in sorted(rates))} Hz" if rates else ""
        assert quantity.replace("_", " ") + shown in gives
