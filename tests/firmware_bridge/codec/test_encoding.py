"""Messages that no wire can carry are refused, not wrapped."""

import pytest

from firmware_bridge.codec import encode
from firmware_bridge.codec.stream import checksum
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    Battery,
    HeartRate,
    Message,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    Stamp,
    StreamChannel,
)

STAMP = Stamp(0, 0, 128)


@pytest.mark.parametrize(
    "message",
    [
        Battery(101),
        Battery(-1),
        HeartRate(65536),
        HeartRate(-1),
        HeartRate(60, energy_kj=65536),
        HeartRate(60, rr_1024=(65536,)),
        SkinConductance(STAMP, (65536,)),
        SkinConductance(STAMP, ()),
        SkinConductance(STAMP, (1,) * 256),
        SkinConductance(Stamp(65536, 0, 128), (1,)),
        SkinConductance(Stamp(0, 1 << 32, 128), (1,)),
        SkinConductance(Stamp(0, 0, 0), (1,)),
        SkinTemperature(STAMP, (-32769,)),
        Pulse(STAMP, (1 << 23,)),
        Motion(STAMP, ((0, 0, 32768),)),
        RateCommand(StreamChannel.ALL, 65536),
    ],
    ids=str,
)
def test_a_number_that_does_not_fit_is_refused(message: Message):
    with pytest.raises(CodecError):
        encode(message)


def test_the_checksum_is_ccitt_false():
    assert checksum(b"123456789") == 0x29B1


def test_units_are_properties():
    assert HeartRate(72, rr_1024=(1024, 1000)).rr_ms == (1000.0, 976.5625)
    assert SkinConductance(STAMP, (1500,)).microsiemens == (1.5,)
    assert SkinTemperature(STAMP, (3350,)).celsius == (33.5,)
    assert Motion(STAMP, ((4096, -2048, 0),)).g == ((1.0, -0.5, 0.0),)
    assert Stamp(0, 0, 2048).rate_hz == 64.0
