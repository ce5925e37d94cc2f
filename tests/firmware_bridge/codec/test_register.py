"""Every codec of the register against its vectors, in slices, and against garbage."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.codec import COMMANDS, REGISTER, decode, decode_command, encode
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import Command, Message
from tests.vectors.reading import Packet, Vector, refused, sources, targets, vectors

Read = Callable[[bytes], Message | Command]
READERS: list[Read] = [*REGISTER.values(), *COMMANDS.values()]
VECTORS = vectors()


def test_every_source_and_target_of_the_register_has_vectors():
    assert sources() == set(REGISTER)
    assert targets() == set(COMMANDS)


def test_every_kind_of_message_and_command_has_a_vector():
    kinds = {kind.__name__ for union in (Message, Command) for kind in union.__args__}
    assert {type(v.message).__name__ for v in VECTORS} == kinds


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_a_vector_is_read(vector: Vector):
    assert vector.read() == vector.message


@pytest.mark.parametrize("vector", [v for v in VECTORS if not v.one_way], ids=lambda v: v.name)
def test_a_vector_is_written(vector: Vector):
    assert encode(vector.message) == (vector.source, vector.payload)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.one_way], ids=lambda v: v.name)
def test_what_is_written_for_an_odd_vector_means_the_same(vector: Vector):
    source, payload = encode(vector.message)
    assert source == vector.source
    assert vector.read(payload) == vector.message


@pytest.mark.parametrize("packet", refused(), ids=lambda p: p.name)
def test_a_wrong_packet_is_refused_with_its_bytes(packet: Packet):
    with pytest.raises(CodecError) as caught:
        packet.read()
    assert caught.value.payload == packet.payload


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_a_cut_or_longer_packet_raises_codec_error_or_nothing(vector: Vector):
    for cut in range(len(vector.payload)):
        _survives(vector.read, vector.payload[:cut])
    for tail in (b"\0", b"\xff", b"\x01\x02\x03", vector.payload):
        _survives(vector.read, vector.payload + tail)


@given(reader=st.sampled_from(READERS), payload=st.binary(max_size=300))
def test_garbage_raises_codec_error_or_nothing(reader: Read, payload: bytes):
    _survives(reader, payload)


@given(vector=st.sampled_from(VECTORS), seed=st.integers(0, 2**32))
def test_a_spoilt_packet_raises_codec_error_or_nothing(vector: Vector, seed: int):
    chance = random.Random(seed)
    spoilt = bytearray(vector.payload or b"\0")
    for _ in range(chance.randint(1, 4)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    _survives(vector.read, bytes(spoilt))


def test_an_unknown_source_or_target_is_a_codec_error():
    with pytest.raises(CodecError, match="no codec for source"):
        decode("0000ffff-0000-1000-8000-00805f9b34fb", b"\0")
    with pytest.raises(CodecError, match="no command goes to"):
        decode_command("0000ffff-0000-1000-8000-00805f9b34fb", b"\0")


def _survives(read: Read, payload: bytes) -> None:
    """Bytes are read or refused; what was read can be written, and reads the same again."""
    try:
        message = read(payload)
    except CodecError:
        return
    assert read(encode(message)[1]) == message
