"""Whatever pictures a pipeline gives, the networks see eight bits of BGR or grey, or the lane says what is wrong."""

from typing import Any

import numpy as np
import pytest

from edge.sensing.camera import CameraError, open_camera
from edge.sensing.pictures import Video
from edge.sensing.plain import plain
from tests.fakes.clock import HandClock

COLOURED = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
GREY = COLOURED[..., 0]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (COLOURED, COLOURED),
        (GREY, GREY),
        (GREY[..., np.newaxis], GREY),
        (np.dstack([COLOURED, GREY]), COLOURED),
        (GREY.astype(np.uint16) << 8, GREY),
    ],
    ids=["BGR", "grey", "grey of three axes", "BGRA", "GRAY16"],
)
def test_it_comes_out_with_eight_bits(given: Any, wanted: Any) -> None:
    made = plain(given)
    assert made is not None
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made, wanted)


def test_an_empty_picture_is_spoilt() -> None:
    assert plain(np.zeros((0, 640, 3), np.uint8)) is None


class Capture:
    """OpenCV's, on a pipeline that ends in a picture of its own kind."""

    def __init__(self, picture: Any) -> None:
        self._picture = picture

    def grab(self) -> bool:
        return True

    def retrieve(self) -> tuple[bool, Any]:
        return True, self._picture

    def release(self) -> None:
        return


@pytest.mark.parametrize("picture", [COLOURED[..., :2], COLOURED / np.float32(255)], ids=["UYVY", "floats"])
async def test_what_nobody_can_read_is_refused_with_its_cure(picture: Any) -> None:
    capture: Any = Capture(picture)
    async with open_camera(lambda: Video(capture, 0.0, lasting=True, loop=False), 5, HandClock()) as camera:
        with pytest.raises(CameraError, match="videoconvert ! video/x-raw,format=BGR"):
            await anext(camera)
