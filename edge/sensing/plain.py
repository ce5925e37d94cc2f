"""A picture as some driver gives it in; one of eight bits, BGR or grey, out."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.flow import Image
from edge.sensing.errors import CameraError


def plain(picture: npt.NDArray[Any]) -> Image | None:
    """None for an empty picture, which is spoilt; CameraError for a kind whose colours nobody can know."""
    if not picture.size:
        return None
    if picture.dtype == np.uint16:  # as GStreamer's GRAY16_LE
        picture = (picture >> 8).astype(np.uint8)
    channels = 1 if picture.ndim == 2 else picture.shape[2]
    if picture.dtype != np.uint8 or channels not in (1, 3, 4):
        raise CameraError(
            f"the camera gives pictures of {picture.dtype} with {channels} channels, which are neither BGR nor grey; "
            "end its pipeline with `! videoconvert ! video/x-raw,format=BGR ! appsink`"
        )
    if channels == 4:  # as BGRx, which a Jetson's converter gives
        return cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    return picture.reshape(picture.shape[:2]) if channels == 1 else picture
