"""By what a person will be judged: what the bundle knows of that the settings bring."""

import math

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import Models
from edge.settings import Settings, SettingsError
from edge.sight import lacking

WINDOW_LATE_S = 5.0
"""A window is known so long after its end at the latest: the packet that brings it, two seconds in which it waits for a
channel that is behind, and what a busy machine takes to judge it."""
FACE_LATE_S = 1.0
"""A face is told of as it is judged, so that one may come so much later after another."""


def judging(settings: Settings, bundle: Bundle) -> list[str]:
    """The kinds of network that will be asked.

    BundleError when it is none and no page is served: such a daemon would run for months and could never raise an
    alert. A page shows what is heard, whether or not it is judged, and a watch may be paired on it. SettingsError when
    the state is forgotten before the next prediction can come, so that nothing ever lasts.
    """
    known, brought = _known(bundle.contract.models), _brought(settings)
    used = [name for name in known if name in brought]
    if not used and not settings.panel.enabled:
        raise BundleError(_hopeless(bundle, known))
    _remember_long_enough(settings, bundle.contract.models, used)
    return used


def _known(models: Models) -> list[str]:
    there = {
        "wrist": models.wrist is not None,
        "face": not lacking(models),
        "ecg": models.ecg is not None,
        "eeg": models.eeg is not None,
    }
    return [name for name, judged in there.items() if judged]


def _brought(settings: Settings) -> set[str]:
    """A watch brings what a strap or a headband sends, too."""
    worn = {"wrist", "ecg", "eeg"} if settings.watch.address or settings.panel.enabled else set[str]()
    return worn | ({"face"} if settings.camera.source else set[str]())


def _hopeless(bundle: Bundle, known: list[str]) -> str:
    says = f"judges by {' and '.join(known)}, which the settings do not bring" if known else "can judge by nothing"
    if parts := lacking(bundle.contract.models):
        says += f", and not by a face, for it has no {' and no '.join(parts)}"
    ways = ["watch.address"] * any(name != "face" for name in known) + ["camera.source"] * ("face" in known)
    mend = f"set {' or '.join(ways)}, or name another bundle" if ways else "name another bundle"
    return f"{bundle.label} {says}, so no alert could ever be raised; {mend}"


def _remember_long_enough(settings: Settings, models: Models, used: list[str]) -> None:
    decision, bodies = settings.decision, {"wrist": models.wrist, "ecg": models.ecg, "eeg": models.eeg}
    if not used or decision.min_duration_s == decision.smoothing_s == 0:  # nothing must last, and nothing is averaged
        return
    steps_s = {name: model.step_s for name, model in bodies.items() if model is not None}
    fps = _least_fps(settings)
    steps_s["face"] = 1 / fps
    least_s = {name: _least_s(name, step_s) for name, step_s in steps_s.items()}
    slowest = max(used, key=lambda name: least_s[name])
    if decision.stale_s < least_s[slowest]:
        why = " at sampling.watchful_fps" if slowest == "face" and fps < settings.camera.fps else ""
        raise SettingsError(
            f"decision.stale_s is {decision.stale_s:g}, and predictions by {slowest} come every {steps_s[slowest]:g} s"
            f"{why} and may be late: each could be forgotten before the next, so no stress would last and no alert "
            f"ever be raised; set {least_s[slowest]:g} at the least, better some times that"
        )


def _least_fps(settings: Settings) -> float:
    """At which the camera looks while it alone can tell."""
    slow = settings.sampling.mode == "low" and not settings.watch.address
    return min(settings.camera.fps, settings.sampling.watchful_fps) if slow else settings.camera.fps


def _least_s(name: str, step_s: float) -> float:
    """How long a prediction must stand: until the next, which may be a step late. In tenths, for people to read."""
    late_s = FACE_LATE_S if name == "face" else WINDOW_LATE_S
    return math.ceil(10 * (step_s + max(step_s, late_s))) / 10
