"""Every codec of the register against its vectors, in slices, and against garbage."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec import REGISTER, decode, encode
from firmware_bridge.errors import CodecError
from tests.vectors.reading import Refused, Vector, refused, sources, vectors

SOURCES = sorted(REGISTER)
VECTORS = vectors()


def test_every_source_of_the_register_has_vectors():
    assert sources() == set(REGISTER)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_a_vector_is_read(vector: Vector):
    assert decode(vector.source, vector.payload) == vector.message


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v.one_way], ids=lambda v: v.name)
def test_a_vector_is_written(vector: Vector):
    assert encode(vector.message)[1] == vector.payload


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.one_way], ids=lambda v: v.name)
def test_what_is_written_for_an_odd_vector_means_the_same(vector: Vector):
    source, payload = encode(vector.message)
    assert decode(source, payload) == vector.message


@pytest.mark.parametrize("case", refused(), ids=lambda c: c.name)
def test_a_wrong_packet_is_refused_with_its_bytes(case: Refused):
    with pytest.raises(CodecError) as caught:
        decode(case.source, case.payload)
    assert caught.value.payload == case.payload


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_a_cut_or_longer_packet_raises_codec_error_or_nothing(vector: Vector):
    for cut in range(len(vector.payload)):
        _survives(vector.source, vector.payload[:cut])
    for tail in (b"\0", b"\xff", b"\x01\x02\x03", vector.payload):
        _survives(vector.source, vector.payload + tail)


@pytest.mark.parametrize("source", SOURCES)
@given(payload=st.binary(max_size=300))
def test_garbage_raises_codec_error_or_nothing(source: str, payload: bytes):
    _survives(source, payload)


@given(vector=st.sampled_from(VECTORS), seed=st.integers(0, 2**32))
def test_a_spoilt_packet_raises_codec_error_or_nothing(vector: Vector, seed: int):
    chance = random.Random(seed)
    spoilt = bytearray(vector.payload or b"\0")
    for _ in range(chance.randint(1, 4)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    _survives(vector.source, bytes(spoilt))


def test_an_unknown_source_is_a_codec_error():
    with pytest.raises(CodecError, match="no codec for source"):
        decode("0000ffff-0000-1000-8000-00805f9b34fb", b"\0")


def _survives(source: str, payload: bytes) -> None:
    """Bytes are read or refused; what was read can be written, and reads the same again."""
    try:
        message = decode(source, payload)
    except CodecError:
        return
    assert decode(*encode(message)) == message
