"""A small bundle with every kind of network, made without TensorFlow and signed with a key of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import Bundle
from edge.bundle_canary import CANARY, Vector, write_canary
from edge.bundle_contract import (
    Contract,
    DetectorModel,
    FaceModel,
    FusionModel,
    Models,
    State,
    WristModel,
)
from edge.inference.runtime import load_network
from export.pack import describe, write_bundle
from tests.fakes.networks import Slot, Step, dense, dense_int8, flatbuffer, leaky_step

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FEATURES = ("heart_rate", "conductance", "enmo")
FEATURE_VERSION = 7


def networks() -> dict[str, bytes]:
    """Files of a face, a stepwise wrist, a fusion and a detector network."""
    rng = np.random.default_rng(5)
    face = rng.integers(-30, 30, (7, 48 * 48), dtype=np.int8)
    return {
        "face.tflite": dense_int8(face, into="face", out="logits", shape=(1, 48, 48, 1)),
        "float/face.tflite": dense(
            np.divide(face, 127, dtype=np.float32), into="face", out="logits", shape=(1, 48, 48, 1)
        ),
        "wrist.tflite": leaky_step(len(FEATURES)),
        "fusion.tflite": fusion(),
        "detector/pnet.tflite": dense(np.ones((2, 12), np.float32), into="pixels", out="heads", shape=(1, 2, 2, 3)),
    }


def fusion() -> bytes:
    """logit = wrist + fear - happy."""
    emotion = np.array([[0, 0, 1, -1, 0, 0, 0]], np.float32)
    slots = [
        Slot("face", (1, 7)),
        Slot("wrist", (1, 1)),
        Slot("present", (1, 2)),
        Slot("emotion", (1, 7), values=emotion),
        Slot("said", (1, 1)),
        Slot("none", (1, 2), values=np.zeros((1, 2), np.float32)),
        Slot("nothing", (1, 1)),
        Slot("some", (1, 1)),
        Slot("logits", (1, 1)),
    ]
    steps = [
        Step("FULLY_CONNECTED", (0, 3, -1), (4,)),
        Step("FULLY_CONNECTED", (2, 5, -1), (6,)),
        Step("ADD", (4, 1), (7,)),
        Step("ADD", (7, 6), (8,)),
    ]
    return flatbuffer(slots, steps, [0, 1, 2], [8])


def contract(files: Mapping[str, bytes], **changes: Any) -> Contract:
    """The contract of those files; ``changes`` replace its fields."""
    made = Contract(
        schema=1,
        name="tiny",
        version="1.2.0",
        min_version="1.0.0",
        feature_version=FEATURE_VERSION,
        command="pytest",
        models=Models(
            face=FaceModel(
                describe("face.tflite", files["face.tflite"], "int8", twin="float/face.tflite"), temperature=2.0
            ),
            wrist=WristModel(
                describe("wrist.tflite", files["wrist.tflite"], "stepwise"),
                features=FEATURES,
                mean=(70.0, 2.0, 0.0),
                scale=(10.0, 1.0, 0.5),
                window_s=60,
                step_s=5,
                steps=3,
                states=(State("state", "state_out", clip=4.0),),
                threshold=0.6,
            ),
            fusion=FusionModel(describe("fusion.tflite", files["fusion.tflite"], "float"), threshold=0.7),
            detector=DetectorModel(
                kind="mtcnn",
                networks={"pnet": describe("detector/pnet.tflite", files["detector/pnet.tflite"], "float")},
                input={"dtype": "float32"},
                canvas=(320, 240),
                sheet=(2, 2),
                levels=((0, 0, 2, 2),),
                thresholds={"pnet": 0.6},
                most={"pnet": 16},
                source="made by hand",
                license="LICENSES/tiny.txt",
            ),
        ),
    )
    return msgspec.structs.replace(made, **changes)


def canary(files: Mapping[str, bytes], made: Contract) -> bytes:
    """One vector of every network."""
    rng = np.random.default_rng(9)
    vectors: dict[str, list[Vector]] = {}
    for name, piece in made.networks():
        network = load_network(files[piece.file], name=piece.file)
        feeds = {
            key: port.quantise(rng.normal(0, 0.5, port.shape).astype(np.float32))
            for key, port in network.inputs.items()
        }
        vectors[name] = [Vector(feeds, network.run_raw(feeds))]
    return write_canary(vectors)


def tiny_files(**changes: Any) -> tuple[Contract, dict[str, bytes]]:
    """Contract and files, ready to be written."""
    files = networks()
    made = contract(files, **changes)
    rest = {CANARY: canary(files, made), "report.json": b'{"note": "tiny"}', "LICENSES/tiny.txt": b"none"}
    return made, {**files, **rest}


def tiny_bundle(out: Path, key: Ed25519PrivateKey = KEY, **changes: Any) -> Bundle:
    """Write the bundle to ``out``; ``changes`` replace fields of its contract."""
    made, files = tiny_files(**changes)
    return write_bundle(out, made, files, key)
