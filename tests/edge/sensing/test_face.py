"""The finder's manners: when it detects, when it follows, when it lets go. Its networks here see white squares."""

from collections import Counter

import cv2
import numpy as np
import pytest

from edge.clock import HostNs
from edge.flow import Floats, Frame, Image
from edge.sensing.face import FaceFinder
from edge.sensing.face_align import FRAME, SIDE, align, similarity
from edge.sensing.face_boxes import cut, overlap, square, suppress
from edge.sensing.face_canvas import fit
from edge.sensing.face_cascade import DetectorPlan, Networks

PIECE: dict[str, object] = {
    "kind": "mtcnn",
    "canvas": [320, 240],
    "sheet": [96, 124],
    "levels": [[0, 0, 96, 72], [0, 72, 68, 51]],
    "thresholds": {"pnet": 0.6, "rnet": 0.7, "onet": 0.9, "track": 0.8},
    "most": {"pnet": 16, "rnet": 4},
}
PLAN = DetectorPlan.read(PIECE)

_MARKS = np.array([0.3, 0.7, 0.5, 0.35, 0.65, 0.35, 0.35, 0.55, 0.75, 0.75], np.float32)


class Squares:
    """Networks to which whatever is white is a face; they count how often they are asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.networks = Networks(self._pnet, self._rnet, self._onet)

    def _pnet(self, pixels: Floats) -> tuple[Floats, ...]:
        self.asked["pnet"] += 1
        white = cv2.boxFilter((pixels[0, :, :, 0] > 250).astype(np.float32), -1, (12, 12), anchor=(0, 0))
        rows, columns = (pixels.shape[1] - 10) // 2, (pixels.shape[2] - 10) // 2
        heads = np.zeros((1, rows, columns, 5), np.float32)
        heads[0, :, :, 0] = white[: 2 * rows : 2, : 2 * columns : 2]
        return (heads,)

    def _rnet(self, pixels: Floats) -> tuple[Floats, ...]:
        self.asked["rnet"] += 1
        return (np.array([[self._white(pixels), 0, 0, 0, 0]], np.float32),)

    def _onet(self, pixels: Floats) -> tuple[Floats, ...]:
        self.asked["onet"] += 1
        return (np.concatenate([[self._white(pixels), 0, 0, 0, 0], _MARKS])[np.newaxis].astype(np.float32),)

    @staticmethod
    def _white(pixels: Floats) -> float:
        return float((pixels > 230).mean())


def scene(*corners: tuple[int, int], side: int = 48) -> Image:
    """White squares on a shaded ground, 320 x 240."""
    image = np.tile(np.linspace(0, 120, 320, dtype=np.float32), (240, 1)).astype(np.uint8)
    for x, y in corners:
        image[y : y + side, x : x + side] = 255
    return image


def frames(*images: Image, first_s: float = 0.0, fps: float = 30.0) -> list[Frame]:
    return [Frame(image, HostNs(round((first_s + i / fps) * 1e9)), i) for i, image in enumerate(images)]


def test_it_detects_on_every_nth_frame_and_follows_in_between() -> None:
    squares = Squares()
    finder = FaceFinder(squares.networks, PLAN, every=5)
    crops = [finder.find(frame) for frame in frames(*[scene((100, 80))] * 11)]
    assert [crop is not None and crop.tracked for crop in crops] == [False, *[True] * 4, False, *[True] * 4, False]
    assert squares.asked["pnet"] == 3
    assert all(crop is not None for crop in crops)


def test_a_crop_says_where_it_was_cut_and_when() -> None:
    finder = FaceFinder(Squares().networks, PLAN)
    large = cv2.resize(scene((100, 80)), (640, 480), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    crop = finder.find(Frame(large, HostNs(42), 0))
    assert crop is not None
    assert crop.grabbed == 42
    assert crop.image.shape == (48, 48)
    assert crop.box == pytest.approx((200, 160, 96, 96), abs=16)
    x, y, width, height = crop.box
    assert crop.landmarks[0] == pytest.approx((x + 0.325 * width, y + 0.35 * height), abs=8)


def test_a_face_that_moves_is_followed() -> None:
    """Without offsets from the networks the box stays, so this square moves within it."""
    finder = FaceFinder(Squares().networks, PLAN, every=5)
    crops = [finder.find(frame) for frame in frames(*(scene((100 + i, 80), side=56) for i in range(5)))]
    assert all(crop is not None for crop in crops)


def test_a_face_that_is_gone_is_dropped_in_the_same_frame() -> None:
    squares = Squares()
    finder = FaceFinder(squares.networks, PLAN, every=5)
    crops = [finder.find(frame) for frame in frames(scene((100, 80)), scene((100, 80)), scene())]
    assert crops[1] is not None
    assert crops[2] is None
    assert squares.asked["pnet"] == 2, "the lost face was looked for at once"


def test_a_face_that_jumps_is_found_in_the_same_frame() -> None:
    finder = FaceFinder(Squares().networks, PLAN, every=5)
    crops = [finder.find(frame) for frame in frames(scene((40, 80)), scene((220, 80)))]
    assert crops[1] is not None
    assert crops[1].box[0] == pytest.approx(220, abs=8)
    assert not crops[1].tracked


def test_an_empty_room_is_searched_less_and_less_often() -> None:
    squares = Squares()
    finder = FaceFinder(squares.networks, PLAN, every=5)
    searched: list[int] = []
    for frame in frames(*[scene()] * 21):
        before = squares.asked["pnet"]
        assert finder.find(frame) is None
        if squares.asked["pnet"] > before:
            searched.append(frame.index)
    assert searched == [0, 1, 3, 6, 10, 15, 20]


def test_the_largest_of_two_faces_is_taken_and_kept() -> None:
    small_and_large = scene((40, 80))
    small_and_large[60:140, 180:260] = 255
    finder = FaceFinder(Squares().networks, PLAN, every=1)
    crop = finder.find(frames(small_and_large)[0])
    assert crop is not None
    assert crop.box[0] > 150
    first, second = frames(scene((40, 80)), scene((40, 80), (220, 78)), first_s=1.0)
    finder.forget()
    assert finder.find(first) is not None
    kept = finder.find(second)
    assert kept is not None
    assert kept.box[0] == pytest.approx(40, abs=8)


def test_after_a_silence_nothing_is_followed() -> None:
    finder = FaceFinder(Squares().networks, PLAN, every=5)
    assert finder.find(frames(scene((100, 80)))[0]) is not None
    later = finder.find(frames(scene((100, 80)), first_s=2.0)[0])
    assert later is not None
    assert not later.tracked


def test_detecting_on_every_zeroth_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="1 detects on each frame"):
        FaceFinder(Squares().networks, PLAN, every=0)


@pytest.mark.parametrize("lost", ["canvas", "thresholds", "levels", "kind"])
def test_a_contract_that_lacks_something_is_refused(lost: str) -> None:
    with pytest.raises(ValueError, match=lost):
        DetectorPlan.read({name: value for name, value in PIECE.items() if name != lost})
    with pytest.raises(ValueError, match="this edge runs 'mtcnn'"):
        DetectorPlan.read({**PIECE, "kind": "haar"})


def test_suppression_keeps_the_surest_of_those_that_overlap() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [2, 2, 6, 6]], np.float32)
    scores = np.array([0.7, 0.9, 0.8, 0.95], np.float32)
    assert suppress(boxes, scores, 0.5).tolist() == [3, 1, 2]
    assert suppress(boxes, scores, 0.5, of_smaller=True).tolist() == [3, 2]
    assert suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.5).tolist() == []


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([0, 0, 10, 10], np.float32)
    assert overlap(one, np.array([5, 0, 15, 10], np.float32)) == pytest.approx(1 / 3)
    assert overlap(one, np.array([10, 0, 20, 10], np.float32)) == 0


def test_a_square_keeps_its_centre() -> None:
    assert square(np.array([10, 20, 30, 80], np.float32)).tolist() == [-10, 20, 50, 80]


def test_a_cut_beyond_the_edge_is_grey_there() -> None:
    white = np.full((20, 20, 3), 255, np.uint8)
    patch, ground = cut(white, np.array([-10, 0, 10, 20], np.float32), 20)
    assert ground.tolist() == [-10, 0, 10, 20]
    assert (patch[0, :, :10] == 127).all()
    assert (patch[0, :, 10:] == 255).all()
    outside, _ = cut(white, np.array([50, 50, 60, 60], np.float32), 20)
    assert (outside == 127).all()


def test_alignment_undoes_a_turn_a_zoom_and_a_shift() -> None:
    turn = np.array([[1.5, -0.8, 30], [0.8, 1.5, -12]], np.float32)
    seen = FRAME @ turn[:, :2].T + turn[:, 2]
    back = similarity(seen, FRAME)
    assert seen @ back[:, :2].T + back[:, 2] == pytest.approx(FRAME, abs=1e-3)
    with pytest.raises(ValueError, match="one point"):
        similarity(np.ones((5, 2), np.float32), FRAME)


def test_landmarks_that_already_stand_right_leave_a_crop_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    assert np.abs(align(grey, FRAME).astype(int) - grey).max() <= 1


def test_a_flat_dark_picture_is_not_blown_up_into_noise() -> None:
    noise = np.random.default_rng(0).integers(10, 14, (240, 320, 3), dtype=np.uint8)
    canvas, _ = fit(noise, (320, 240), None)
    assert int(canvas.image.max()) - int(canvas.image.min()) <= 24
    assert fit(np.full((2160, 3840, 3), 9, np.uint8), (320, 240), None)[0].image.shape == (240, 320, 3)
