"""Electrodes of a clinical EEG cap in; the four leads that a headband would have measured, out.

A Muse's electrodes are TP9, AF7, AF8 and TP10, told from one at Fpz. A cap of the 10-20 system has none of them: AF7
lies halfway from Fp1 to F7, Fpz halfway from Fp1 to Fp2; TP9, behind the ear, lies some 4 cm below the middle of T3 and
T5 (Oostenveld and Praamstra 2001, Clin. Neurophysiol. 112:713, the 10-5 system). Neighbours' means stand in for them.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from firmware_bridge.virtual.second import Readings

HEADBAND: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"TP9": ("T3", "T5"), "AF7": ("Fp1", "F7"), "AF8": ("Fp2", "F8"), "TP10": ("T4", "T6")}
)
"""Each of a headband's electrodes, in its order, and the cap's two nearest."""
REFERENCE = ("Fp1", "Fp2")
"""Whose mean stands in for Fpz, from which a headband tells its electrodes."""


def headband(cap: Readings, electrodes: Sequence[str]) -> Readings:
    """A cap's microvolts (n, electrodes) as a headband's (n, 4); ValueError names the electrodes that it lacks."""
    wanted = {name for pair in (*HEADBAND.values(), REFERENCE) for name in pair}
    if lacking := sorted(wanted - set(electrodes)):
        raise ValueError(f"a headband's leads cannot be made without {', '.join(lacking)}; there are {electrodes}")

    def middle(pair: tuple[str, str]) -> Readings:
        return cap[:, [electrodes.index(name) for name in pair]].mean(axis=1)

    return np.stack([middle(pair) - middle(REFERENCE) for pair in HEADBAND.values()], axis=1)
