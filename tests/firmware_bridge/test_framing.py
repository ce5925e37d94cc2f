"""Frames come out whole however the bytes are cut, and garbage costs a frame, not the stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import Cobs, Lines

# The cobs paper's and the package's own vectors (Cheshire and Baker 1997).
STUFFED = [
    ("", "01"),
    ("00", "01 01"),
    ("00 00", "01 01 01"),
    ("11 22 00 33", "03 11 22 02 33"),
    ("11 22 33 44", "05 11 22 33 44"),
    ("11 00 00 00", "02 11 01 01 01"),
    ("01 e8 03 00 00 00 02 45 01", "04 01 e8 03 01 01 04 02 45 01"),
]


@pytest.mark.parametrize(("plain", "stuffed"), STUFFED)
def test_cobs_vectors_both_ways(plain: str, stuffed: str):
    wire = bytes.fromhex(stuffed) + b"\0"
    assert Cobs.stuff(bytes.fromhex(plain)) == wire
    assert Cobs().feed(wire) == [bytes.fromhex(plain)]


@given(frames=st.lists(st.binary(min_size=1, max_size=600), max_size=8), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_whole_however_they_are_cut(frames: list[bytes], cuts: list[int]):
    wire, cobs, heard, turn = b"".join(map(Cobs.stuff, frames)), Cobs(), list[bytes](), 0
    while wire:
        cut = cuts[turn % len(cuts)]
        heard += cobs.feed(wire[:cut])
        wire, turn = wire[cut:], turn + 1
    assert heard == frames
    assert cobs.garbage == 0


def test_garbage_costs_one_frame_and_is_counted():
    cobs = Cobs()
    assert cobs.feed(b"\x09ab\0" + Cobs.stuff(b"good")) == [b"good"]
    assert cobs.garbage == 3


@given(noise=st.binary(max_size=5000))
def test_after_any_noise_the_next_frame_but_one_is_heard(noise: bytes):
    cobs = Cobs(longest=64)
    cobs.feed(noise + b"\0")
    assert cobs.feed(Cobs.stuff(b"again")) == [b"again"]


def test_endless_bytes_without_an_end_are_dropped_and_counted():
    cobs = Cobs(longest=64)
    for _ in range(1000):
        assert cobs.feed(b"\x01" * 100) == []
    assert cobs.garbage == 100_000
    assert cobs.feed(b"\0" + Cobs.stuff(b"good")) == [b"good"]


def test_a_frame_that_is_too_long_is_dropped_even_when_it_comes_at_once():
    cobs = Cobs(longest=8)
    assert cobs.feed(Cobs.stuff(b"x" * 20) + Cobs.stuff(b"12345678")) == [b"12345678"]
    assert cobs.garbage == 22


def test_lines_end_with_lf_or_crlf_and_lose_what_is_stripped():
    lines = Lines(strip=b"\x11\x13")
    assert lines.feed(b"one\r\ntw") == [b"one"]
    assert lines.feed(b"\x13o\n\n\r\nthr\x11ee\n") == [b"two", b"three"]
