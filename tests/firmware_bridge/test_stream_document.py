"""STREAM.md says what the code does: its vectors, its addresses, its serial example."""

import re
from pathlib import Path

import firmware_bridge
from firmware_bridge import gatt
from firmware_bridge.framing import Cobs
from tests.vectors.reading import vectors

TEXT = (Path(firmware_bridge.__file__).parent / "STREAM.md").read_text()


def test_the_vectors_of_the_document_are_the_tested_ones():
    written = [bytes.fromhex(row) for row in re.findall(r"^\| `((?:[0-9a-f]{2} )+[0-9a-f]{2})` \|", TEXT, re.MULTILINE)]
    assert written == [v.payload for v in vectors() if v.source in (gatt.STREAM, gatt.STREAM_CONTROL)]


def test_the_serial_example_is_the_first_vector_stuffed():
    first = next(v.payload for v in vectors() if v.source == gatt.STREAM)
    assert f"    {Cobs.stuff(first).hex(' ')}\n" in TEXT


def test_the_addresses_stand_in_the_document():
    for uuid in (gatt.VAGUS_SERVICE, gatt.STREAM, gatt.STREAM_CONTROL):
        assert uuid in TEXT
