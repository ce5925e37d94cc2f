"""The vocabulary: what a device can say and be told, in the units of its wire.

Values stay as sent, so that ``encode(decode(b)) == b``; properties give them in SI or clinical units.
One file a family; ``Message`` is all that devices say, ``Command`` all that they are told.
"""

from typing import TypeAlias

from firmware_bridge.messages.bangle import (
    BangleAcceleration,
    BangleAccelerationRequest,
    BangleActivity,
    BangleActivityRequest,
    BangleCommand,
    BangleMessage,
    BangleOther,
    BangleSetTime,
    BangleStatus,
    BangleVersion,
)
from firmware_bridge.messages.empatica import E4Command, E4Message, E4Reply, E4Sample, E4Stream
from firmware_bridge.messages.grove import GroveReading
from firmware_bridge.messages.infinitime import InfiniTimeMessage, InfiniTimeMotion, Steps
from firmware_bridge.messages.movesense import (
    MovesenseAcceleration,
    MovesenseAnswer,
    MovesenseCommand,
    MovesenseEcg,
    MovesenseHeartRate,
    MovesenseHello,
    MovesenseInertia,
    MovesenseMessage,
    MovesenseOperation,
    MovesenseOther,
    MovesenseReference,
    MovesenseTemperature,
)
from firmware_bridge.messages.muse import (
    MuseAcceleration,
    MuseCommand,
    MuseEeg,
    MuseElectrode,
    MuseLight,
    MuseMessage,
    MusePpg,
    MuseRotation,
    MuseTelemetry,
    MuseText,
)
from firmware_bridge.messages.polar import (
    PolarAcceleration,
    PolarAnswer,
    PolarBeat,
    PolarCommand,
    PolarControl,
    PolarData,
    PolarEcg,
    PolarFeatures,
    PolarHead,
    PolarIntervals,
    PolarMeasurement,
    PolarOperation,
    PolarPpg,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
    PolarStopped,
)
from firmware_bridge.messages.standard import (
    Battery,
    CurrentTime,
    DeviceInformation,
    HeartRate,
    InformationField,
    LocalTime,
)
from firmware_bridge.messages.stream import (
    DEFAULT_RATE,
    RATE_UNITS_PER_HZ,
    Ecg,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    Stamp,
    StreamChannel,
)

StandardMessage = HeartRate | Battery | DeviceInformation | CurrentTime | LocalTime
StreamMessage = SkinConductance | SkinTemperature | Pulse | Motion | Ecg

Message: TypeAlias = (
    StandardMessage
    | StreamMessage
    | PolarData
    | PolarControl
    | InfiniTimeMessage
    | BangleMessage
    | MovesenseMessage
    | E4Message
    | MuseMessage
    | GroveReading
)
Command: TypeAlias = (
    RateCommand | PolarCommand | BangleCommand | MovesenseCommand | E4Command | MuseCommand | CurrentTime | LocalTime
)

__all__ = [
    "DEFAULT_RATE",
    "RATE_UNITS_PER_HZ",
    "BangleAcceleration",
    "BangleAccelerationRequest",
    "BangleActivity",
    "BangleActivityRequest",
    "BangleCommand",
    "BangleMessage",
    "BangleOther",
    "BangleSetTime",
    "BangleStatus",
    "BangleVersion",
    "Battery",
    "Command",
    "CurrentTime",
    "DeviceInformation",
    "E4Command",
    "E4Message",
    "E4Reply",
    "E4Sample",
    "E4Stream",
    "Ecg",
    "GroveReading",
    "HeartRate",
    "InfiniTimeMessage",
    "InfiniTimeMotion",
    "InformationField",
    "LocalTime",
    "Message",
    "Motion",
    "MovesenseAcceleration",
    "MovesenseAnswer",
    "MovesenseCommand",
    "MovesenseEcg",
    "MovesenseHeartRate",
    "MovesenseHello",
    "MovesenseInertia",
    "MovesenseMessage",
    "MovesenseOperation",
    "MovesenseOther",
    "MovesenseReference",
    "MovesenseTemperature",
    "MuseAcceleration",
    "MuseCommand",
    "MuseEeg",
    "MuseElectrode",
    "MuseLight",
    "MuseMessage",
    "MusePpg",
    "MuseRotation",
    "MuseTelemetry",
    "MuseText",
    "PolarAcceleration",
    "PolarAnswer",
    "PolarBeat",
    "PolarCommand",
    "PolarControl",
    "PolarData",
    "PolarEcg",
    "PolarFeatures",
    "PolarHead",
    "PolarIntervals",
    "PolarMeasurement",
    "PolarOperation",
    "PolarPpg",
    "PolarSetting",
    "PolarSettingKind",
    "PolarStatus",
    "PolarStopped",
    "Pulse",
    "RateCommand",
    "SkinConductance",
    "SkinTemperature",
    "Stamp",
    "StandardMessage",
    "Steps",
    "StreamChannel",
    "StreamMessage",
]
