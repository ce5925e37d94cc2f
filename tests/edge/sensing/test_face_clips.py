"""Faces on real pictures: found nearly always, placed well, and none where nobody is."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edge.flow import Frame, Image
from edge.sensing.face import FaceFinder
from edge.sensing.face_align import FRAME, align
from tests.fakes.detector import load_detector
from tests.fakes.faces import animate, frame_of, picture, recorded, shared


@pytest.fixture(name="finder", params=[1, 5], ids=["detected", "followed"])
def _finder(request: pytest.FixtureRequest) -> FaceFinder:
    plan, networks = load_detector()
    return FaceFinder(networks, plan, every=int(request.param))


@pytest.fixture(name="still_finder")
def _still_finder() -> FaceFinder:
    plan, networks = load_detector()
    return FaceFinder(networks, plan)


def test_the_animated_portrait_is_found_where_it_is_and_not_where_it_was(finder: FaceFinder) -> None:
    seen, found, ghosts, shares = 0, 0, 0, list[float]()
    for shot in animate():
        crop = finder.find(shot.frame)
        if shot.face is None:
            ghosts += crop is not None
            continue
        seen += 1
        if crop is not None:
            found += 1
            shares.append(shared(crop.box, shot.face))
    assert ghosts == 0
    assert found >= 0.95 * seen
    assert np.median(shares) > 0.75
    assert min(shares) > 0.5


@pytest.mark.parametrize(
    ("clip", "least"), [("pyfeat_single_face.mp4", 0.98), ("intel_head-pose-face-detection-male.gif", 0.95)]
)
def test_a_recorded_face_is_found_nearly_always(finder: FaceFinder, clip: str, least: float) -> None:
    crops = [finder.find(frame) for frame in recorded(clip)]
    assert sum(crop is not None for crop in crops) >= least * len(crops)


def test_a_recording_of_nobody_shows_nobody(finder: FaceFinder) -> None:
    assert not any(finder.find(frame) for frame in recorded("pyfeat_no_face.mp4"))


def test_things_and_noise_are_no_faces(still_finder: FaceFinder) -> None:
    for frame in _things():
        still_finder.forget()
        assert still_finder.find(frame) is None, f"a face on picture {frame.index}"


def test_a_dark_face_is_found(still_finder: FaceFinder) -> None:
    dark = (picture("astronaut.png") * 0.12).astype(np.uint8)
    assert still_finder.find(frame_of(dark, 0)) is not None


def test_a_grey_and_a_tall_picture_do_as_well(still_finder: FaceFinder) -> None:
    portrait = picture("astronaut.png")
    grey = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    assert still_finder.find(frame_of(grey, 0)) is not None
    still_finder.forget()
    assert still_finder.find(frame_of(portrait[:, 100:360], 1)) is not None


def test_the_crop_has_eyes_and_mouth_where_the_training_pictures_have_them(still_finder: FaceFinder) -> None:
    portrait = picture("astronaut.png")
    for index, angle in enumerate((0.0, 15.0)):
        turn = cv2.getRotationMatrix2D((226, 117), angle, 1.0)
        turned = cv2.warpAffine(portrait, turn, (512, 512)).astype(np.uint8)
        still_finder.forget()
        crop = still_finder.find(frame_of(turned, index))
        assert crop is not None
        assert crop.image.shape == (48, 48)
        again = still_finder_landmarks(still_finder, crop.image)
        assert np.abs(again - FRAME).max() < 3.5


def still_finder_landmarks(finder: FaceFinder, crop: Image) -> np.ndarray:
    """Where the detector sees the landmarks of a crop, in its own 48 pixels."""
    finder.forget()
    scene = np.full((240, 320), 127, np.uint8)
    scene[60:180, 100:220] = cv2.resize(crop, (120, 120), interpolation=cv2.INTER_CUBIC)
    found = finder.find(frame_of(scene, 0))
    assert found is not None
    return (found.landmarks - np.array([100, 60])) / 2.5 - 0.5


def test_near_and_far_the_crop_is_the_same(still_finder: FaceFinder) -> None:
    portrait = picture("astronaut.png")
    crop = still_finder.find(frame_of(portrait, 0))
    assert crop is not None
    near = cv2.resize(portrait, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    marks = crop.landmarks - np.float32(0.5)
    difference = align(near, marks * 3 + 1).astype(float) - align(portrait, marks)
    assert np.abs(difference).mean() < 2.5


def _things() -> Iterator[Frame]:
    """Cups, bricks, text, a cat and a rocket, in the light and in the dark, whole and in part; and noise."""
    random = np.random.default_rng(7)
    index = 0
    for name in ("coffee.png", "brick.png", "text.png", "chelsea.png", "rocket.jpg", "grass.png", "page.png"):
        whole = picture(name)
        height, width = whole.shape[:2]
        for part in (whole, whole[: height // 2, : width // 2], whole[height // 3 :, width // 3 :]):
            for light in (1.0, 0.15):
                yield frame_of((part * light).astype(np.uint8), index)
                index += 1
    for _ in range(10):
        yield frame_of(random.integers(0, 256, (240, 320, 3), dtype=np.uint8), index)
        yield frame_of(random.poisson(3, (240, 320, 3)).astype(np.uint8), index + 1)
        index += 2
