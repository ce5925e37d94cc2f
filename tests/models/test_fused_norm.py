"""One fused operation says and learns what Keras's own normalisation does."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import keras
import numpy as np

from models.fused_norm import fused


def _build() -> keras.Model:
    image = keras.Input((6, 6, 2), name="image")
    x = keras.layers.Conv2D(4, 3, name="conv")(image)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="pool")(x))


def test_weights_fit_and_both_say_and_learn_the_same() -> None:
    plain = _build()
    quick = fused(plain)
    assert [layer.name for layer in quick.layers] == [layer.name for layer in plain.layers]
    quick.set_weights(plain.get_weights())
    images = np.random.default_rng(0).normal(1, 2, (16, 6, 6, 2)).astype(np.float32)
    for training in (False, True, False):
        assert np.allclose(quick(images, training=training), plain(images, training=training), atol=1e-4)
    # the fused variance is that of a sample, larger by n / (n - 1)
    for held, weight in zip(quick.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(held, weight, atol=1e-3, rtol=1e-2)
