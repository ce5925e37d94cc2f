"""What judging by a face takes, and what of it a bundle lacks."""

from edge.bundle import Bundle
from edge.bundle_contract import Models


def lacking(models: Models) -> tuple[str, ...]:
    """The parts that are not there; none when a face can be found, judged, and told of as stress."""
    parts = {"face model": models.face, "face detector": models.detector, "fusion": models.fusion}
    return tuple(name for name, part in parts.items() if part is None)


def blind(bundle: Bundle) -> str:
    """Why a camera is of no use to the bundle, in a sentence; empty where it is of use."""
    if not (parts := lacking(bundle.contract.models)):
        return ""
    return (
        f"{bundle.label} has no {' and no '.join(parts)}, so it cannot judge by a face and the camera stays closed; "
        "name a bundle with all of that in models.bundle, or leave camera.source empty"
    )
