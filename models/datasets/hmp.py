"""HMP: a wrist's acceleration in fourteen daily activities, each told as one of four intensities.

Bruno B., Mastrogiovanni F., Sgorbissa A., Vernazza T., Zaccaria R. (2013). Analysis of human behavior recognition
algorithms based on acceleration data. IEEE ICRA, 1602-1607. Data: UCI "Dataset for ADL Recognition with Wrist-worn
Accelerometer", CC BY 4.0. 32 Hz, 6 bits over +-1.5 g, right wrist. Nobody runs in it.

Intensities are those of the published cut-points of 1.5, 3 and 6 METs (Hildebrand et al. 2014, Med Sci Sports Exerc
46:1816, and most wrist studies since), applied to each activity's METs in the Compendium of Physical Activities
(Ainsworth et al. 2011, Med Sci Sports Exerc 43:1575). Hildebrand's own cut-points in mg are not used: this sensor ends
at 1.5 g, and by them brushing teeth (200 mg) is harder than climbing stairs (66 mg).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edge.flow import Floats
from models.datasets import DatasetError
from models.datasets.recordings import archive

FILE = "hmp_wrist_acc.npz"
RATE_HZ = 32.0
METS: Mapping[str, float] = MappingProxyType(
    {
        "drink_glass": 1.5, "eat_meat": 1.5, "eat_soup": 1.5, "pour_water": 1.5, "use_telephone": 1.5,
        "liedown_bed": 2.0, "getup_bed": 2.0, "sitdown_chair": 2.0, "standup_chair": 2.0,
        "brush_teeth": 2.0, "comb_hair": 2.5,
        "walk": 3.5, "descend_stairs": 3.5,
        "climb_stairs": 8.0,
    }
)  # fmt: skip
"""Of the 2011 table: feeding as eating while sitting (13030, 1.5), the telephone as talking while sitting (09055, 1.5),
brushing teeth (13040, 2.0), hairstyling (13045, 2.5), walking on the level at 4.5 to 5.1 km/h (17190, 3.5), descending
stairs (17070, 3.5), stair climbing without a pace (17130, 8.0; slow 17133 is 4.0, fast 17134 is 8.8). Pouring water
belongs to feeding, as in the authors' own grouping. Going from one posture to another has no entry: 2.0 is ours, by
likeness to other self-care. Codes were checked against transcriptions of the table, not the table itself."""
_CUTS = (1.5, 3.0, 6.0)


@dataclass(frozen=True, slots=True, eq=False)
class Bout:
    """One volunteer doing one thing once."""

    person: str
    activity: str
    level: int
    """Index of edge/signals/activity.LEVELS"""
    axes: Floats
    """(n, 3) g"""


def level(mets: float) -> int:
    """Index of the intensity: up to 1.5 METs sedentary, below 3 light, up to 6 moderate, above vigorous."""
    return 0 if mets <= _CUTS[0] else 1 if mets < _CUTS[1] else 2 if mets <= _CUTS[2] else 3


def load(directory: Path) -> list[Bout]:
    """All bouts of ``hmp_wrist_acc.npz`` in a directory (or that file), in order of name.

    Raises DatasetError when the file is not there, or names an activity that nobody assigned METs to.
    """
    path = directory if directory.suffix == ".npz" else directory / FILE
    if not path.is_file():
        raise DatasetError(f"no HMP recordings at {path}: give the directory that holds {FILE}", path)
    with archive(path) as arrays:
        bouts = list[Bout]()
        for name in sorted(arrays):
            person, activity, _ = name.split("/", 2)
            if activity not in METS:
                raise DatasetError(f"{path} holds {activity!r}; METs are known for {', '.join(METS)}", path)
            if arrays[name].ndim != 2 or arrays[name].shape[1] != 3:
                raise ValueError(f"{name} is {arrays[name].shape}, expected (n, 3)")
            axes = (-14.709 + arrays[name].astype(np.float64) / 63 * 29.418) / 9.80665
            bouts.append(Bout(person, activity, level(METS[activity]), axes.astype(np.float32)))
    return bouts
