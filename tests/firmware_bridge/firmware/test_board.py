"""The C library against the Python codec, both ways; and the board's sketch, run on the host."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import firmware_bridge
from firmware_bridge import codec, gatt
from firmware_bridge.codec.stream import checksum
from firmware_bridge.errors import CodecError
from firmware_bridge.framing import LONGEST_FRAME, Cobs
from firmware_bridge.messages import (
    DEFAULT_RATE,
    Ecg,
    Message,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    Stamp,
    StreamChannel,
)

BOARD = Path(firmware_bridge.__file__).parent / "firmware" / "vagus_board"
LIBRARY = BOARD / "src" / "vagus_stream.c"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-O2"]
FRAME_BYTES = 244

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler (package gcc)")


class Frame(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_uint8 * FRAME_BYTES), ("length", ctypes.c_size_t))


class Command(ctypes.Structure):
    _fields_ = (("channel", ctypes.c_uint8), ("rate", ctypes.c_uint16))


class Receiver(ctypes.Structure):
    _fields_ = (("bytes", ctypes.c_uint8 * 6), ("length", ctypes.c_size_t), ("spilling", ctypes.c_int))


@pytest.fixture(scope="module")
def c(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    out = tmp_path_factory.mktemp("board") / "vagus_stream.so"
    subprocess.run(["gcc", "-std=c99", *STRICT, "-shared", "-fPIC", str(LIBRARY), "-o", str(out)], check=True)
    library = ctypes.CDLL(str(out))
    library.vagus_end.restype = library.vagus_stuff.restype = ctypes.c_size_t
    library.vagus_crc16.restype = ctypes.c_uint16
    return library


STAMPS = st.builds(Stamp, st.integers(0, 65535), st.integers(0, 2**32 - 1), st.integers(1, 65535))
I16, I24 = st.integers(-(2**15), 2**15 - 1), st.integers(-(2**23), 2**23 - 1)
MESSAGES = st.one_of(
    st.builds(SkinConductance, STAMPS, st.lists(st.integers(0, 65535), min_size=1, max_size=116).map(tuple)),
    st.builds(SkinTemperature, STAMPS, st.lists(I16, min_size=1, max_size=116).map(tuple)),
    st.builds(Pulse, STAMPS, st.lists(I24, min_size=1, max_size=77).map(tuple)),
    st.builds(Ecg, STAMPS, st.lists(I24, min_size=1, max_size=77).map(tuple)),
    st.builds(Motion, STAMPS, st.lists(st.tuples(I16, I16, I16), min_size=1, max_size=38).map(tuple)),
)


def framed(c: ctypes.CDLL, message: Message) -> Frame:
    """The message as the board would frame it."""
    frame = Frame()
    match message:
        case SkinConductance(stamp, values):
            channel, add = StreamChannel.SKIN_CONDUCTANCE, c.vagus_add_u16
        case SkinTemperature(stamp, values):
            channel, add = StreamChannel.SKIN_TEMPERATURE, c.vagus_add_i16
        case Pulse(stamp, values):
            channel, add = StreamChannel.PULSE, c.vagus_add_i24
        case Ecg(stamp, values):
            channel, add = StreamChannel.ECG, c.vagus_add_i24
        case Motion(stamp, values):
            channel, add = StreamChannel.MOTION, c.vagus_add_xyz
        case _:
            raise ValueError(message)
    c.vagus_begin(ctypes.byref(frame), channel, stamp.sequence, ctypes.c_uint32(stamp.tick_ms), stamp.rate)
    for value in values:
        assert add(ctypes.byref(frame), *(value if isinstance(value, tuple) else (value,))) == 1
    c.vagus_end(ctypes.byref(frame))
    return frame


@settings(deadline=None)
@given(message=MESSAGES)
def test_what_c_writes_python_reads_and_the_bytes_are_the_same(c: ctypes.CDLL, message: Message):
    frame = framed(c, message)
    payload = bytes(frame.bytes[: frame.length])
    assert codec.decode(gatt.STREAM, payload) == message
    assert codec.encode(message)[1] == payload


@settings(deadline=None)
@given(message=MESSAGES)
def test_both_stuff_alike(c: ctypes.CDLL, message: Message):
    out = (ctypes.c_uint8 * (FRAME_BYTES + 3))()
    length = c.vagus_stuff(ctypes.byref(framed(c, message)), out)
    assert bytes(out[:length]) == Cobs.stuff(codec.encode(message)[1])


@given(data=st.binary(max_size=300))
def test_both_have_one_checksum(c: ctypes.CDLL, data: bytes):
    assert c.vagus_crc16(data, len(data)) == checksum(data)


@settings(deadline=None)
@given(channel=st.sampled_from(StreamChannel), rate=st.integers(0, 65535), noise=st.binary(max_size=40))
def test_a_command_is_read_by_c_after_any_noise(c: ctypes.CDLL, channel: StreamChannel, rate: int, noise: bytes):
    payload = codec.encode(RateCommand(channel, rate))[1]
    command, receiver = Command(), Receiver()
    assert c.vagus_read_command(payload, len(payload), ctypes.byref(command)) == 1
    assert (command.channel, command.rate) == (channel, rate)
    for byte in noise + b"\0":
        c.vagus_receive(ctypes.byref(receiver), byte, ctypes.byref(command))
    command.channel = command.rate = 0
    done = [c.vagus_receive(ctypes.byref(receiver), byte, ctypes.byref(command)) for byte in Cobs.stuff(payload)]
    assert done[-1] == 1
    assert (command.channel, command.rate) == (channel, rate)


@settings(deadline=None)
@given(payload=st.binary(max_size=8))
def test_c_and_python_refuse_the_same_commands(c: ctypes.CDLL, payload: bytes):
    try:
        codec.decode_command(gatt.STREAM_CONTROL, payload)
        known = True
    except CodecError:
        known = False
    accepted = c.vagus_read_command(payload, len(payload), ctypes.byref(Command()))
    # C leaves it to the board to ignore channels that it lacks.
    assert accepted == known or (accepted and payload[0] & 0x7F not in list(StreamChannel))


def test_values_stick_at_their_ends_and_a_full_frame_takes_no_more(c: ctypes.CDLL):
    frame = Frame()
    c.vagus_begin(ctypes.byref(frame), 1, 0, 0, 128)
    c.vagus_add_u16(ctypes.byref(frame), -5)
    c.vagus_add_u16(ctypes.byref(frame), 70000)
    while c.vagus_add_u16(ctypes.byref(frame), 7):
        pass
    length = c.vagus_end(ctypes.byref(frame))
    assert length == FRAME_BYTES
    message = codec.decode(gatt.STREAM, bytes(frame.bytes[:length]))
    assert isinstance(message, SkinConductance)
    assert (message.nanosiemens[:2], len(message.nanosiemens)) == ((0, 65535), 116)


@pytest.fixture(scope="module")
def sketch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("needs a C++ compiler (package g++)")
    folder = tmp_path_factory.mktemp("sketch")
    host = Path(__file__).parent / "host.cpp"
    subprocess.run(["gcc", "-std=c99", *STRICT, "-c", str(LIBRARY), "-o", str(folder / "stream.o")], check=True)
    build = [
        "g++",
        "-std=c++17",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O2",
        f"-I{BOARD}",
        str(host),
        str(folder / "stream.o"),
    ]
    subprocess.run([*build, "-o", str(folder / "board")], check=True)
    return folder / "board"


def run(sketch: Path, *steps: tuple[float, int, int, bytes]) -> list[Message]:
    """Run the board: seconds, the two pins, and bytes received, one step after the other."""
    script = "".join(f"{round(s * 1e6)} {skin} {pulse} {data.hex() or '-'}\n" for s, skin, pulse, data in steps)
    done = subprocess.run([str(sketch)], input=script.encode(), stdout=subprocess.PIPE, check=True, timeout=30)
    cobs = Cobs(LONGEST_FRAME)
    frames = cobs.feed(done.stdout)
    assert cobs.garbage == 0
    return [codec.decode(gatt.SERIAL_STREAM, frame) for frame in frames]


def test_the_board_streams_both_channels_at_their_rates(sketch: Path):
    said = run(sketch, (10, 300, 512, b""))
    pulses = [m for m in said if isinstance(m, Pulse)]
    skins = [m for m in said if isinstance(m, SkinConductance)]
    assert [m.stamp.sequence for m in pulses] == list(range(40))
    assert [m.stamp.tick_ms for m in pulses[:3]] == [0, 250, 500]
    assert {m.stamp.rate_hz for m in pulses} == {64.0}
    assert pulses[0].counts == (512,) * 16
    assert len(skins) == 10
    # The Grove formula's own value: r = 300 is 13.0542 microsiemens.
    assert skins[0].microsiemens == (13.054, 13.054, 13.054, 13.054)


def test_without_contact_there_is_no_conductance(sketch: Path):
    said = run(sketch, (1.5, 512, 0, b""), (2, 800, 0, b""))
    assert {v for m in said if isinstance(m, SkinConductance) for v in m.nanosiemens} == {0}


def test_the_board_obeys_rate_commands(sketch: Path):
    def send(channel: StreamChannel, rate: int) -> bytes:
        return Cobs.stuff(codec.encode(RateCommand(channel, rate))[1])

    halved = run(sketch, (0.1, 300, 1, b"\x05noise\0" + send(StreamChannel.PULSE, 32 * 32)), (4, 300, 1, b""))
    assert {m.stamp.rate_hz for m in halved if isinstance(m, Pulse)} == {32.0}
    stopped = run(sketch, (2, 300, 1, b""), (5, 300, 1, send(StreamChannel.ALL, 0)))
    assert sum(isinstance(m, Pulse) for m in stopped) == 8
    turned = run(sketch, (1.1, 300, 1, b""), (0.9, 300, 1, send(StreamChannel.PULSE, 32 * 32)))
    sent = [(m.stamp.rate_hz, len(m.counts)) for m in turned if isinstance(m, Pulse)]
    assert sent == [(64.0, 16)] * 4 + [(64.0, 7), (32.0, 16)], "what was taken before the change is sent, too"
    again = run(sketch, (1, 0, 0, send(StreamChannel.ALL, 0)), (3, 0, 0, send(StreamChannel.ALL, DEFAULT_RATE)))
    assert sum(isinstance(m, Pulse) for m in again) == 12
    faster = run(sketch, (3, 0, 0, send(StreamChannel.PULSE, 1000 * 32)))
    assert {m.stamp.rate_hz for m in faster if isinstance(m, Pulse)} == {64.0}
