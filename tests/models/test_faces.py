"""The face networks are what their tables say, and speak as the bundle expects."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from typing import Any

import numpy as np
import pytest

from edge.inference.glances import MOST, glances
from models.catalog import NETWORKS
from models.faces import face_deep, glancing, middles, vagus_face


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_inputs_and_output_are_those_of_the_register(name: str) -> None:
    entry = NETWORKS[name]
    model = entry.build()
    assert model.count_params() == entry.parameters
    assert {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs} == dict(entry.inputs)
    assert {output.shape[-1] for output in model.outputs} == {entry.outputs}


# Bagga and Makwana 2026, Tables 2 to 4: trainable parameters, and every layer that has any, with its count.
_TABLE_2 = [160, 64, 4640, 128, 9248, 128, 102_432, 231]
_CONVOLUTIONS = [320, 128, 18_496, 256, 36_928, 256, 73_856, 512, 147_584, 512]
_TABLE_3 = [*_CONVOLUTIONS, 8320, 8320, 6600, 1407]
_TABLE_4 = [*_CONVOLUTIONS, 131_584, 33_024, 13_000, 1407]


@pytest.mark.parametrize(
    ("name", "counts", "trainable"),
    [
        ("bagga_model_1", _TABLE_2, 116_871),
        ("bagga_model_2", _TABLE_3, 302_663),
        ("bagga_model_3", _TABLE_4, 457_031),
    ],
)
def test_layers_of_bagga_and_makwana(name: str, counts: list[int], trainable: int) -> None:
    model: Any = NETWORKS[name].build()
    assert [layer.count_params() for layer in model.layers if layer.count_params()] == counts
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trainable


def test_every_layer_has_a_name_of_its_own_choosing() -> None:
    for entry in NETWORKS.values():
        names = [layer.name for layer in entry.build().layers]
        assert len(set(names)) == len(names)


def test_a_trunk_takes_any_side_in_training_and_has_the_same_weights() -> None:
    free, fixed = face_deep(None), face_deep()
    assert [w.shape for w in free.weights] == [w.shape for w in fixed.weights]
    fixed.set_weights(free.get_weights())
    face = np.zeros((2, 48, 48, 1), np.float32)
    assert np.allclose(free(face), fixed(face))
    assert [head.shape for head in free(np.zeros((1, 40, 40, 1), np.float32))] == [(1, 7), (1, 7)]


def test_ours_says_the_mean_of_what_two_trunks_say_of_ten_views() -> None:
    ours: Any = vagus_face()
    ten_ways: Any = glancing(ours)
    faces = np.random.default_rng(0).normal(size=(3, 48, 48, 1)).astype(np.float32)
    views = [faces[:, top : top + 46, left : left + 46] for top, left in ((1, 1), (0, 0), (0, 2), (2, 0), (2, 2))]
    views += [view[:, :, ::-1] for view in views]
    trunks = [ours.get_layer(name) for name in ("face_wide", "face_deep")]
    for head, said in enumerate(ten_ways(faces)):
        each = [np.asarray(trunk(view)[head]) for trunk in trunks for view in views]
        assert np.allclose(np.mean(each, axis=0), said, atol=1e-5)
    assert np.array_equal(middles(faces), views[0])
    # the device looks at the same parts, in an order of its own
    parts = list(glances(faces[:1], 46, MOST))
    assert np.array_equal(parts[0], views[0][:1])
    assert {part.tobytes() for part in parts} == {np.ascontiguousarray(view[:1]).tobytes() for view in views}
