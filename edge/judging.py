"""By what a person will be judged: what the bundle knows of that the settings bring."""

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import Models
from edge.settings import Settings


def judging(settings: Settings, bundle: Bundle) -> list[str]:
    """The kinds of network that will be asked.

    BundleError when it is none and no page is served: such a daemon would run for months and could never raise an
    alert. A page shows what is heard, whether or not it is judged, and a watch may be paired on it.
    """
    known, brought = _known(bundle.contract.models), _brought(settings)
    used = [name for name in known if name in brought]
    if not used and not settings.panel.enabled:
        raise BundleError(
            f"{bundle.label} judges by {' and '.join(known)}, which the settings do not bring, so no alert could ever "
            "be raised; set watch.address or camera.source, or name another bundle"
        )
    return used


def _known(models: Models) -> list[str]:
    each = {"wrist": models.wrist, "face": models.face, "ecg": models.ecg, "eeg": models.eeg}
    return [name for name, model in each.items() if model is not None]


def _brought(settings: Settings) -> set[str]:
    """A watch brings what a strap or a headband sends, too."""
    worn = {"wrist", "ecg", "eeg"} if settings.watch.address or settings.panel.enabled else set[str]()
    return worn | ({"face"} if settings.camera.source else set[str]())
