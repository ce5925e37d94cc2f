"""Pictures in a pipe: each whole one at once, the newest first, and none lost behind spoilt bytes."""

import os
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sensing.camera import open_camera
from edge.sensing.errors import CameraError
from edge.sensing.jpeg_pipe import JpegPipe
from edge.sensing.jpegs import Jpegs
from edge.sensing.pictures import open_pictures
from tests.fakes.clock import HandClock


def jpeg(level: int, *, progressive: bool = False) -> bytes:
    picture = np.random.default_rng(level).integers(0, 30, (48, 64, 3), np.uint8) + np.uint8(level)
    coded, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)])
    assert coded
    return data.tobytes()


FIRST, SECOND = jpeg(40), jpeg(200, progressive=True)
PREVIEWED = FIRST[:2] + b"\xff\xe1" + (len(SECOND) + 2).to_bytes(2) + SECOND + FIRST[2:]
"""A picture that carries a smaller one of itself, as cameras write them (Exif 2.32, 4.5.1)."""


@pytest.mark.parametrize("piece", [1, 7, 1000, 100_000])
def test_every_picture_is_whole_however_it_comes(piece: int) -> None:
    stream, jpegs = FIRST + SECOND + PREVIEWED + FIRST, Jpegs()
    pictures = [one for at in range(0, len(stream), piece) for one in jpegs.feed(stream[at : at + piece])]
    assert pictures == [FIRST, SECOND, PREVIEWED, FIRST]


def test_a_picture_is_there_before_the_next_one_begins() -> None:
    assert Jpegs().feed(FIRST) == [FIRST]


def test_what_breaks_off_is_left_out() -> None:
    assert Jpegs().feed(FIRST[:-200] + SECOND) == [SECOND]
    assert Jpegs().feed(b"\xff\xd8\xff no picture" + FIRST[100:] + SECOND) == [SECOND]


def test_a_header_that_claims_gigabytes_is_spoilt() -> None:
    at = FIRST.index(b"\xff\xc0") + 5
    assert Jpegs().feed(FIRST[:at] + b"\xff\xff\xff\xff" + FIRST[at + 4 :] + SECOND) == [SECOND]


@given(st.lists(st.binary(max_size=300) | st.sampled_from([FIRST, FIRST[:300], FIRST[300:]]), max_size=10))
def test_spoilt_bytes_hide_no_more_than_a_segment_of_what_follows(pieces: list[bytes]) -> None:
    jpegs = Jpegs()
    for piece in pieces:
        jpegs.feed(piece)
    after = [one for _ in range(2 + (1 << 16) // len(FIRST)) for one in jpegs.feed(FIRST)]
    assert after[-1] == FIRST


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "camera.mjpeg")
    return tmp_path / "camera.mjpeg"


@pytest.fixture
def pictures(pipe: Path) -> Generator[JpegPipe]:
    opened = open_pictures(str(pipe), 5)
    assert isinstance(opened, JpegPipe)
    yield opened
    opened.close()


async def test_a_pipe_that_nobody_writes_into_is_no_driver_that_hangs(pipe: Path) -> None:
    with pytest.raises(CameraError, match=r"nobody has written a picture into .*; start what does") as told:
        async with open_camera(str(pipe), 5, HandClock(), hung_s=0.05) as camera:
            await anext(camera)
    assert not told.value.hung


def test_the_newest_picture_is_given_at_once(pipe: Path, pictures: JpegPipe) -> None:
    with pipe.open("wb", buffering=0) as writer:
        writer.write(FIRST + SECOND + FIRST[:100])
        assert pictures.grab()
        seen = pictures.retrieve()
        assert seen is not None
        assert seen.shape == (48, 64, 3)
        assert seen.mean() > 190
        writer.write(FIRST[100:])
        assert pictures.grab()
        seen = pictures.retrieve()
        assert seen is not None
        assert seen.mean() < 70
    assert not pictures.grab(), "nobody writes any longer"


def test_waiting_for_somebody_to_write_is_no_end(pipe: Path, pictures: JpegPipe) -> None:
    assert pictures.grab()
    assert pictures.retrieve() is None
    with pipe.open("wb", buffering=0) as writer:
        writer.write(FIRST)
        assert pictures.grab()
        assert pictures.retrieve() is not None


def test_bytes_that_look_like_a_picture_and_are_none_are_no_picture(pipe: Path, pictures: JpegPipe) -> None:
    with pipe.open("wb", buffering=0) as writer:
        writer.write(FIRST[:2] + FIRST[-2:] + b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9")
        assert pictures.grab()
        assert pictures.retrieve() is None


def test_a_pipe_that_is_gone_is_no_camera(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="does not open: No such file"):
        JpegPipe(str(tmp_path / "gone.mjpeg"))
