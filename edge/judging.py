"""By what a person will be judged: what the bundle knows of that the settings bring."""

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import Models
from edge.settings import Settings, SettingsError
from edge.sight import lacking


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
    if not used or decision.min_duration_s == 0:  # nothing must last
        return
    steps_s = {name: model.step_s for name, model in bodies.items() if model is not None}
    steps_s["face"] = 1 / settings.camera.fps
    slowest = max(used, key=lambda name: steps_s[name])
    if decision.stale_s < (least_s := steps_s[slowest]):
        raise SettingsError(
            f"decision.stale_s is {decision.stale_s:g}, and predictions by {slowest} come every {least_s:g} s: each "
            "would be forgotten before the next, so no stress could last and no alert ever be raised; "
            f"set {least_s:g} at the least, better some times that"
        )
