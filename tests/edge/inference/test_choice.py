"""Which file runs: what the settings ask for, or what is installed."""

from collections.abc import Callable

import pytest

from edge.inference.choice import Runtime, installed, pick
from edge.inference.ports import NetworkError

BOTH = ("wrist.tflite", "onnx/wrist.onnx")


def has(*packages: str) -> Callable[[str], bool]:
    return lambda package: package in packages


@pytest.mark.parametrize(
    ("packages", "file"),
    [
        (("ai_edge_litert", "onnxruntime"), "wrist.tflite"),
        (("onnxruntime",), "onnx/wrist.onnx"),
        (("onnxruntime", "tflite_runtime"), "onnx/wrist.onnx"),
        (("tflite_runtime",), "wrist.tflite"),
        ((), "wrist.tflite"),
    ],
)
def test_auto_takes_what_is_installed(packages: tuple[str, ...], file: str) -> None:
    assert pick("auto", "wrist", BOTH, has(*packages)) == file


@pytest.mark.parametrize(("asked", "file"), [("litert", "wrist.tflite"), ("onnx", "onnx/wrist.onnx")])
def test_the_settings_have_the_last_word(asked: Runtime, file: str) -> None:
    assert pick(asked, "wrist", BOTH, has("ai_edge_litert")) == file


def test_a_network_without_the_form_asked_for_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"wrist has no \.onnx file, .* set models\.runtime to 'litert' or 'auto'"):
        pick("onnx", "wrist", ("wrist.tflite",))
    with pytest.raises(NetworkError, match=r"face has no \.tflite file, .* set models\.runtime to 'onnx'"):
        pick("litert", "face", ("face.onnx",))


def test_arrays_need_no_runtime() -> None:
    assert pick("onnx", "activity", ("models/activity.npz",)) == "models/activity.npz"
    assert installed("numpy")
    assert not installed("no_such_package")
