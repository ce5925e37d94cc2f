"""What several judges say of one person, made one probability: their weighted mean in log-odds.

Nobody has recordings of face, wrist, chest and head together, so nothing can be learned of how they depend on each
other. Added log-odds would treat the heart that the wrist hears and the heart that the chest hears as two witnesses; a
logarithmic opinion pool (Genest and Zidek 1986, Statistical Science 1:114) is never surer than the surest of them.
"""

import math
from collections.abc import Sequence

from edge.inference.arrays import logistic
from edge.inference.lead import LeadEstimate

_SUREST = 1e-6


def pooled(stress: float | None, leads: Sequence[LeadEstimate]) -> float:
    """Probability of stress; ``stress`` is what wrist and face say together, with weight 1, None when both are silent.

    ValueError when nobody says anything.
    """
    said = [(lead.weight, lead.logit) for lead in leads]
    if stress is not None:
        said.append((1.0, _logit(stress)))
    if not said:
        raise ValueError("a prediction needs the wrist, the face, a chest or a head; none was given")
    if not leads and stress is not None:
        return stress
    whole = sum(weight for weight, _ in said)
    return logistic(sum(weight * logit for weight, logit in said) / whole)


def _logit(p: float) -> float:
    held = min(max(p, _SUREST), 1 - _SUREST)
    return math.log(held / (1 - held))
