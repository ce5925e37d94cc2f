"""One window in; the numbers a model sees, in a fixed order, out."""

import numpy as np

from edge.flow import Features, Window
from edge.signals import heart, motion, skin

FEATURE_VERSION = 1
"""Goes up when a feature is added, dropped, renamed or computed otherwise: a bundle names the version it learned on."""

NAMES: tuple[str, ...] = (*heart.NAMES, *skin.NAMES, *motion.NAMES)
"""The register: every feature there is, in the order of every feature vector."""

LOGARITHMIC = frozenset(
    {
        "rmssd", "sdnn", "lf", "hf", "lf_hf", "interval_spread", "pulse_height", "pulse_height_spread", "conductance",
        "phasic_spread", "response_height", "enmo", "motion_spread", "motion_turn", "motion_jerk",
    }
)  # fmt: skip
"""Features that are compared by ratio: the normaliser takes their logarithm first."""


def extract(window: Window) -> Features:
    """All features of one window; NaN where the window cannot support one, and ``quality`` says how many are not."""
    values = np.array((*heart.heart(window), *skin.skin(window), *motion.motion(window)), np.float64)
    values = np.where(np.abs(values) < 1e12, values, np.nan).astype(np.float32)
    quality = float(np.isfinite(values).mean())
    return Features(window.end, NAMES, values, quality, window.received, window.gap, window.uncertainty_ns)
