"""The contract in nouns: what a bundle's networks eat, what they say, how they were lowered."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from edge.flow import EMOTIONS
from edge.inference.late import LateFusion

SCHEMA = 1
"""Goes up when a reader of the old contract would misread the new one."""

Shape: TypeAlias = tuple[Annotated[int, Meta(ge=1)], ...]
Positive: TypeAlias = Annotated[float, Meta(gt=0)]
NonNegative: TypeAlias = Annotated[float, Meta(ge=0)]
Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Name: TypeAlias = Annotated[str, Meta(min_length=1)]
Version: TypeAlias = Annotated[str, Meta(pattern=r"^\d{1,6}\.\d{1,6}\.\d{1,6}$")]
"""Three numbers, compared as numbers: 0.9.0 < 0.10.0."""


class Tensor(Struct, frozen=True, forbid_unknown_fields=True):
    """One input or output of a network, by the name it has in the file's signature."""

    name: Name
    shape: Shape
    dtype: Literal["float32", "int8", "uint8", "int16", "int32"]
    """As stored in the file; callers of `run` always see float32."""


class OnnxTwin(Struct, frozen=True, forbid_unknown_fields=True):
    """The same network for ONNX Runtime: the names, shapes and carried states of its other file, all in float32."""

    file: Name
    lowering: Name
    """`onnx-float`, `onnx-dynamic`, `onnx-qdq` ...; QDQ scales inside, so its inputs and outputs are plain numbers."""
    bytes: Annotated[int, Meta(ge=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    tolerance: NonNegative = 0.0


class Network(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One network's files and their form."""

    file: Name
    """Path inside the bundle: the network that the device runs."""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    lowering: Name
    """How it was brought into the file: `int8`, `stepwise`, `stepwise-int8`, `unrolled-int8`, `fused`, `float` ..."""
    float_file: Name | None = None
    """Its float twin with the same inputs and outputs, to measure what the lowering cost; None when `file` is float."""
    carries_state: bool = False
    """The file keeps variables between runs (a fused LSTM does): they are reset before each run."""
    tolerance: NonNegative = 0.0
    """How far a float output may be from its canary value on another machine; integers may be one step off."""
    onnx: OnnxTwin | None = None
    """Its twin for ONNX Runtime; None when there is none, or when `file` is itself for ONNX Runtime."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a device may run, the first by preference."""
        return (self.file,) if self.onnx is None else (self.file, self.onnx.file)


class FaceModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A grey aligned face to seven emotions. Input ``face`` (1, 48, 48, 1), output ``logits`` (1, 7).

    With ``glances`` the input is smaller, and the network may look so many times (edge/inference/glances.py).

    A second output, ``votes`` (1, 7), answers what most of ten people would say; where it is, the device believes it.
    """

    network: Network
    labels: tuple[str, ...] = EMOTIONS
    offset: float = 127.5
    divisor: Positive = 127.5
    """The network sees (pixel - offset) / divisor."""
    temperature: Positive = 1.0
    """Logits are divided by it before softmax, so that probabilities mean what they say."""
    votes_temperature: Positive = 1.0
    """The same for ``votes``."""
    glances: Annotated[int, Meta(ge=0, le=10)] = 0
    """Looks at one face that are worth it, as far as there is time; 0 for a network that sees it whole."""

    @property
    def voted(self) -> bool:
        return any(output.name == "votes" for output in self.network.outputs)


class State(Struct, frozen=True, forbid_unknown_fields=True):
    """A recurrent state that goes out of one step and into the next."""

    input: Name
    output: Name
    clip: Positive
    """Its values are held within +-clip, so that no stream, however long, drives it away."""


class WristModel(Struct, frozen=True, forbid_unknown_fields=True):
    """Normalised wrist features to stress. Input ``features``, states; output ``logits`` (1, 1) or (1, labels).

    With ``states`` the network is stepwise: one window's features (1, n) a run, its states carried here.
    Without, it sees the last ``steps`` windows at once, (1, steps, n).
    """

    network: Network
    features: tuple[str, ...]
    """Names, in the order of the input's last axis."""
    window_s: Positive
    step_s: Positive
    """Windows of window_s seconds end every step_s seconds."""
    steps: Annotated[int, Meta(ge=1)] = 1
    """Windows in a training sequence: the network's whole view, or how many steps its state saw in training."""
    states: tuple[State, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[Positive, ...] = ()
    """The network sees clip((feature - mean) / scale); a feature that is NaN becomes 0. Empty: as they are."""
    clip: Positive = 5.0
    labels: tuple[str, ...] = ("calm", "stress")
    temperature: Positive = 1.0
    bias: float = 0.0
    """Added to the stress logit after the temperature; moves the prior from the training set to the field."""
    threshold: Probability = 0.5
    """The operating point that the model was judged at: stress from this probability on."""
    min_quality: Probability = 0.5
    """Windows with a lower share of known features are not judged."""
    mask: bool = False
    """The network has a second half of inputs: 1 where the feature was known, 0 where it was NaN."""
    normalise: Mapping[str, int | float | str | bool | tuple[float, ...]] = {}
    """What edge/signals/normalise.py is told beside the features' names: the features were put through it before."""

    def __post_init__(self) -> None:
        for name in ("mean", "scale"):
            if len(getattr(self, name)) not in (0, len(self.features)):
                raise ValueError(f"{name} has {len(getattr(self, name))} numbers for {len(self.features)} features")
        if len(self.mean) != len(self.scale):
            raise ValueError("mean and scale belong together; give both or neither")
        if "stress" not in self.labels:
            raise ValueError(f"labels {self.labels} do not name stress")


class FusionModel(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Face, wrist, or both to stress; output ``logits`` (1, 1), the logit of stress.

    Inputs: ``face`` (1, 7) emotion probabilities, ``wrist`` (1, 1) the wrist's stress logit, ``present`` (1, 2) 1 or 0
    for face and wrist. What is absent is 0 in its input and in ``present``. A ``head`` is a network that learned it,
    ``late`` is none: two experts, by the numbers of ``late``.
    """

    network: Network | None = None
    temperature: Positive = 1.0
    bias: float = 0.0
    threshold: Probability = 0.5
    kind: Literal["head", "late"] = "head"
    late: LateFusion | None = None

    def __post_init__(self) -> None:
        if (self.network is not None, self.late is not None) != (self.kind == "head", self.kind == "late"):
            raise ValueError(f"a fusion of kind {self.kind} has either a network (head) or numbers (late), and no more")


class LeadModel(Struct, frozen=True, forbid_unknown_fields=True):
    """ECG or EEG, told from the person's quiet minute, to labels. One input (1, ...), output ``logits`` (1, labels).

    What the input holds is its ``recipe``: `pulse`, (1, features) by edge/signals/ecg_person.head; `images`, (1, steps,
    124, 124, 3) by edge/signals/ecg_images.py; `epochs`, (1, steps, features, 1) by edge/signals/eeg_person.py.
    """

    network: Network
    channel: Literal["ecg", "eeg"]
    recipe: Literal["pulse", "images", "epochs"]
    window_s: Positive
    step_s: Positive
    """Windows of window_s seconds end every step_s seconds."""
    labels: tuple[str, ...]
    stress: Name
    """The label that counts as stress."""
    features: tuple[str, ...] = ()
    """Names, in the order of the input's axis of features; none for images."""
    scale: tuple[Positive, ...] = ()
    """What each of them is divided by; empty: as they are."""
    electrodes: tuple[str, ...] = ()
    """Of the EEG, in the order in which its features were learned; a device that lacks one is not judged."""
    domain: Literal["time", "frequency"] = "time"
    """Of which the images show the spectrogram."""
    steps: Annotated[int, Meta(ge=1)] = 1
    """Images that a window is cut into, or epochs in a sequence."""
    least_hz: Positive = 100.0
    """A slower channel is not judged: the network was not found to hold there."""
    quiet_s: Positive = 60.0
    """The person is told from so many seconds of usable signal: the first ones, until a baseline is measured."""
    temperature: Positive = 1.0
    bias: float = 0.0
    """Added to the stress logit after the temperature."""
    weight: Positive = 1.0
    """In the pool with what the wrist and the face say (edge/inference/pool.py), whose own weight is 1."""
    min_quality: Probability = 0.5
    """Windows with a lower share of known features, or of epochs that nothing has spoilt, are not judged."""

    def __post_init__(self) -> None:
        if self.stress not in self.labels or len(set(self.labels)) < max(2, len(self.labels)):
            raise ValueError(f"labels {self.labels} do not name {self.stress} and what is not; give two or more, once")
        if (self.recipe == "epochs") != (self.channel == "eeg") or (self.recipe == "epochs") != bool(self.electrodes):
            raise ValueError(f"recipe {self.recipe} does not fit {self.channel} of electrodes {self.electrodes}")
        if (self.recipe == "images") == bool(self.features) or len(self.scale) not in (0, len(self.features)):
            raise ValueError(
                f"recipe {self.recipe} has {len(self.features)} features and {len(self.scale)} scales; images have no "
                "features, others as many scales as features, or none"
            )

    @property
    def eats(self) -> Shape:
        """Shape of the network's input without its batch."""
        if self.recipe == "images":
            return self.steps, 124, 124, 3
        return (len(self.features),) if self.recipe == "pulse" else (self.steps, len(self.features), 1)


class DetectorModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A face detector of several networks; edge/sensing/face.py knows how they work together."""

    kind: Name
    networks: Mapping[str, Network]
    input: Mapping[str, str | int]
    canvas: tuple[int, int]
    """Width and height that a frame is fitted into, in pixels."""
    sheet: tuple[int, int]
    levels: tuple[tuple[int, int, int, int], ...]
    """x, y, width and height of each level of the pyramid on the sheet."""
    thresholds: Mapping[str, float]
    most: Mapping[str, int]
    source: str
    license: str


class TensorModel(Struct, frozen=True, forbid_unknown_fields=True):
    """A judge without a graph. ``features`` (1, n) in; out (1, k) ``probability``, ``scores`` or ``components``."""

    network: Network
    """Its lowering says `knn`, `svm` or `pca`."""
    features: tuple[str, ...]
    """Names, in the order of the input's last axis."""
    labels: tuple[str, ...] = ()
    """Of the output's last axis; none for a projection."""
    told: Mapping[str, int | float | str | bool | tuple[float | str, ...]] = {}
    """What the room that uses it is told beside: window_s, step_s ..."""


class Models(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the bundle carries; a modality without a model is not used."""

    face: FaceModel | None = None
    wrist: WristModel | None = None
    fusion: FusionModel | None = None
    ecg: LeadModel | None = None
    eeg: LeadModel | None = None
    detector: DetectorModel | None = None
    tensors: Mapping[Name, TensorModel] = {}
    """Judges without a graph by name: `activity` ..."""


class Contract(Struct, frozen=True, forbid_unknown_fields=True):
    """contract.json of a bundle."""

    schema: Literal[1]
    name: Name
    version: Version
    min_version: Version
    """Once this bundle has run, none below this version may (anti-rollback)."""
    feature_version: Annotated[int, Meta(ge=1)]
    """Which definition of the features the networks were trained on; it must be the device's own."""
    models: Models
    command: str
    """The command that built it."""

    def networks(self) -> Iterator[tuple[str, Network]]:
        """Every network by name: `face`, `wrist`, `fusion`, `ecg`, `eeg`, `detector/NAME`, judges without a graph."""
        models = self.models
        named = {"face": models.face, "wrist": models.wrist, "fusion": models.fusion, "ecg": models.ecg}
        for name, model in (named | {"eeg": models.eeg}).items():
            if model is not None and model.network is not None:
                yield name, model.network
        if self.models.detector is not None:
            for name, network in self.models.detector.networks.items():
                yield f"detector/{name}", network
        for name, judge in self.models.tensors.items():
            yield name, judge.network


def release(version: str) -> tuple[int, ...]:
    """A version as numbers, for comparison."""
    return tuple(int(part) for part in version.split("."))


def read_contract(content: bytes) -> Contract:
    """Parse contract.json; raise msgspec.ValidationError (a ValueError) naming the field that is wrong."""
    return msgspec.json.decode(content, type=Contract)
