"""One thing that must be well, how it is, and what to do about it: the noun of every checkup."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "warn", "bad", "off"]


@dataclass(frozen=True, slots=True)
class Check:
    """``off``: not asked for, so neither well nor ill. ``cure`` stands wherever something is not good."""

    name: str
    state: Verdict
    says: str
    cure: str = ""


def sentence(text: str) -> str:
    """An error's words as a sentence: a capital first, a full stop last."""
    whole = f"{text[:1].upper()}{text[1:]}"
    return whole if whole.endswith((".", "?", "!")) else f"{whole}."


def parted(error: Exception) -> tuple[str, str]:
    """Our errors say what is wrong and then what would work: both, each as a sentence."""
    text = str(error)
    says, mark, cure = text.rpartition("; ") if "; " in text else text.rpartition(": ")
    return (sentence(says), sentence(cure)) if mark else (sentence(text), "")
