"""Kang et al. 2021, Table 1, layer by layer."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from typing import Any, cast

from models.ecg import kang_cnn_lstm


def test_layers_of_kang() -> None:
    model = kang_cnn_lstm()
    inner = cast(Any, model.get_layer("each_image")).layer
    assert [(layer.name, layer.count_params()) for layer in inner.layers if layer.count_params()] == [
        ("convolution_1", 5 * 5 * 3 * 6 + 6),
        ("normal_1", 4 * 6),
        ("convolution_2", 3 * 3 * 6 * 12 + 12),
        ("normal_2", 4 * 12),
    ]
    assert inner.get_layer("convolution_1").output.shape == (None, 124, 124, 6)
    assert inner.get_layer("pool").output.shape == (None, 62, 62, 6)
    assert inner.get_layer("convolution_2").output.shape == (None, 31, 31, 12)
    assert inner.output_shape == (None, 11_532)
    memory = cast(Any, model.get_layer("memory"))
    assert memory.get_weights()[0].T.shape == (800, 11_532)
    assert memory.count_params() == 9_386_400
    assert cast(Any, model.get_layer("verdict")).count_params() == 402
