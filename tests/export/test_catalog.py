"""Every network of the register comes out in integers, with operators that every runtime has."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.flow import Floats
from edge.inference.runtime import load_network
from export.apart import apart, examine, lower
from export.choose import tiers
from export.errors import LoweringError
from export.forms import Form, Lowered
from export.operators import operators
from export.verify import logits_of
from models.catalog import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_the_register_exports(tmp_path: Path, name: str) -> None:
    network = NETWORKS[name]
    path = tmp_path / f"{name}.keras"
    apart("tests.fakes.keras_networks", "save_registered", name, path)
    rng = np.random.default_rng(0)
    rows: dict[str, Floats] = {
        key: rng.uniform(-1, 1, (40, *shape)).astype(np.float32) for key, shape in network.inputs.items()
    }
    parent = examine(path, rows)
    assert parent.parameters == network.parameters
    sequence = len(rows) == 1 and next(iter(rows.values())).ndim == 3
    lowered = _first_that_can_be(path, [form for group in tiers(parent, sequence).eligible for form in group], rows)
    assert "CUSTOM" not in operators(lowered.content)
    loaded = load_network(lowered.content, name=f"{name}.tflite")
    if not sequence:
        assert {port.dtype.name for port in (*loaded.inputs.values(), *loaded.outputs.values())} == {"int8"}
    few = {key: values[:5] for key, values in rows.items()}
    first = logits_of(loaded, few, lowered.states)
    assert first.shape == (5, network.outputs)
    np.testing.assert_array_equal(logits_of(loaded, few, lowered.states), first)
    off = np.abs(first - parent.answers["logits"][:5]).max()
    assert off < 0.1 * max(1.0, float(np.abs(parent.answers["logits"]).max()))


def _first_that_can_be(path: Path, forms: Sequence[Form], rows: Mapping[str, Floats]) -> Lowered:
    """In the order of preference; attention over time cannot be taken step by step, and says so."""
    for form in forms:
        try:
            return lower(path, form, rows)
        except LoweringError:
            if form.shape != "stepwise":
                raise
    raise AssertionError(f"none of {[form.name for form in forms]} can be made of {path.name}")
