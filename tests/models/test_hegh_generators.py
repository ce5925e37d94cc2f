"""A generator is started by its seed, and taken up again only where that was asked for, or where networks share it."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import pytest

from models import gan
from models.catalog import TrainingError
from models.gan_training import Adversaries, GanRecipe, Origin, made, train

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_REAL = np.random.default_rng(7).random((24, 5)).astype(np.float32)
_NAMED = np.eye(2, dtype=np.float32)[np.arange(24) % 2]
_ORIGIN = Origin("clean", 0, GanRecipe(2, batch=12), 24, "0badcafe")


class _Stop(Exception):  # noqa: N818 - no error, whoever trains has gone
    pass


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (gan.face_generator(7), 510_337),
        (gan.face_judge(7), 188_129),
        (gan.heart_generator(2), 19_265),
        (gan.heart_judge(2), 17_473),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_generators_and_judges_have_their_parameters(network: object, parameters: int) -> None:
    assert getattr(network, "count_params")() == parameters  # noqa: B009 - Keras ships no types


def _small(noise: int = 3) -> Adversaries:
    """A generator and a judge of one layer each, for rows of five numbers."""

    def generator(classes: int) -> keras.Model:
        inputs = [keras.Input((noise,), name="noise"), keras.Input((classes,), name="class")]
        wanted = keras.layers.Concatenate(name="wanted")(inputs)
        return keras.Model(inputs, keras.layers.Dense(5, "sigmoid", name="made")(wanted))

    def judge(classes: int) -> keras.Model:
        inputs = [keras.Input((5,), name="row"), keras.Input((classes,), name="class")]
        return keras.Model(inputs, keras.layers.Dense(1, name="real")(keras.layers.Concatenate(name="said")(inputs)))

    return Adversaries(generator, judge, (noise,), 2)


def _learned(
    run: Path,
    origin: Origin = _ORIGIN,
    network: str = "hegh_heart",
    *,
    resume: bool = False,
    stop: float = 2.0,
    noise: int = 3,
) -> tuple[npt.NDArray[np.float32], list[float]]:
    """What a generator makes, and the shares of its training that were told; none where it was there already."""
    shares = list[float]()

    def seen(done: float) -> None:
        shares.append(done)
        if done >= stop:
            raise _Stop

    generator = train(_small(noise), _REAL, _NAMED, origin, run, seen, network=network, resume=resume)
    return made(generator, (noise,), _NAMED, 0), shares


def test_the_seed_starts_a_generator(tmp_path: Path) -> None:
    first, shares = _learned(tmp_path / "first")
    assert shares[-1] == 1.0
    keras.utils.set_random_seed(99)
    assert np.array_equal(_learned(tmp_path / "second")[0], first)
    assert not np.array_equal(_learned(tmp_path / "third", replace(_ORIGIN, seed=1))[0], first)


def test_a_generator_broken_off_goes_on_and_one_that_is_ready_stays(tmp_path: Path) -> None:
    whole, _ = _learned(tmp_path / "whole")
    with pytest.raises(_Stop):
        _learned(tmp_path / "broken", stop=0.7)
    again, shares = _learned(tmp_path / "broken", resume=True)
    assert np.array_equal(again, whole)
    assert min(shares) > 0.5
    same, shares = _learned(tmp_path / "broken", resume=True)
    assert np.array_equal(same, whole)
    assert shares == []
    with pytest.raises(TrainingError, match="other networks"):
        _learned(tmp_path / "broken", resume=True, noise=4)


def test_a_generator_is_shared_by_other_networks_and_else_made_anew(tmp_path: Path) -> None:
    whole, _ = _learned(tmp_path)
    told = json.loads((tmp_path / "origin.json").read_text())
    assert (told["network"], told["seed"], told["recipe"]["epochs"]) == ("hegh_heart", 0, 2)
    shared, shares = _learned(tmp_path, network="hegh_hybrid")
    assert np.array_equal(shared, whole)
    assert shares == []
    assert _learned(tmp_path)[1][0] < 0.5  # the network that made it begins anew
    with pytest.raises(_Stop):
        _learned(tmp_path, stop=0.7)
    assert _learned(tmp_path, network="hegh_hybrid")[1][0] < 0.5  # half of one is not shared
    longer = replace(_ORIGIN, recipe=replace(_ORIGIN.recipe, epochs=3))
    for other in (longer, replace(_ORIGIN, checksum="0ddba115")):
        assert len(_learned(tmp_path, other, "hegh_face", resume=True)[1]) == 2 * other.recipe.epochs


def test_a_damaged_checkpoint_is_told_of_or_made_anew(tmp_path: Path) -> None:
    whole, _ = _learned(tmp_path)
    state = tmp_path / "state.npz"
    state.write_bytes(state.read_bytes()[:-300])
    with pytest.raises(TrainingError, match=r"cannot be read .*without --resume"):
        _learned(tmp_path, resume=True)
    anew, shares = _learned(tmp_path, network="hegh_hybrid")
    assert np.array_equal(anew, whole)
    assert shares[-1] == 1.0
