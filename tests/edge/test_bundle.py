"""A bundle is opened whole and proven, or refused in one sentence."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import MANIFEST, SIGNATURE, Bundle, BundleError
from edge.bundle_canary import CANARY, CanaryError, Vector, read_canary, write_canary
from edge.flow import Modality
from edge.judges import Judges
from export.pack import pretty
from tests.fakes.bundles import FEATURE_VERSION, KEY, tiny_bundle
from tests.fakes.networks import leaky_step

TRUSTED = [KEY.public_key()]
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny").path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "tiny"))


def resign(path: Path, change: Callable[[dict[str, object]], None], key: Ed25519PrivateKey = KEY) -> None:
    """Change the manifest and sign it again, as a maker who erred would."""
    manifest = json.loads((path / MANIFEST).read_bytes())
    change(manifest)
    (path / MANIFEST).write_bytes(pretty(manifest))
    (path / SIGNATURE).write_bytes(key.sign(pretty(manifest)))


def test_a_whole_bundle_opens_and_tells_what_it_is(path: Path) -> None:
    bundle = Bundle.open(path, TRUSTED, feature_version=FEATURE_VERSION, floor="1.2.0")
    assert bundle.label == "tiny 1.2.0"
    judge = bundle.contract.models.fusion or bundle.contract.models.wrist
    assert judge is not None
    assert judge.threshold == 0.7
    assert bundle.report == {"note": "tiny"}
    assert bundle.detector is not None
    assert bundle.detector["kind"] == "mtcnn"
    assert [name for name, _ in bundle.contract.networks()] == ["face", "wrist", "fusion", "detector/pnet"]
    assert bundle.network("face").inputs["face"].dtype == np.int8
    assert bundle.network("face", twin=True).inputs["face"].dtype == np.float32
    with pytest.raises(BundleError, match="has no network brain; it has face, wrist, fusion, detector/pnet"):
        bundle.network("brain")
    with pytest.raises(BundleError, match=r"has no file x\.tflite"):
        bundle.read("x.tflite")


def test_any_flipped_byte_of_any_file_is_caught(path: Path) -> None:
    for file in sorted(found for found in path.rglob("*") if found.is_file()):
        whole = file.read_bytes()
        for place in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            flipped = bytearray(whole)
            flipped[place] ^= 0x10
            file.write_bytes(flipped)
            with pytest.raises(BundleError, match="fetch the bundle again"):
                Bundle.open(path, TRUSTED, canary=False)
        file.write_bytes(whole)
    Bundle.open(path, TRUSTED)


@pytest.mark.parametrize("file", [MANIFEST, SIGNATURE, "contract.json", "face.tflite", "LICENSES/tiny.txt", CANARY])
def test_a_missing_file_is_named(path: Path, file: str) -> None:
    (path / file).unlink()
    with pytest.raises(BundleError, match=f"{file} is missing; fetch the bundle again"):
        Bundle.open(path, TRUSTED)


def test_an_added_file_or_link_is_named(path: Path) -> None:
    (path / "LICENSES" / "more.txt").write_text("x")
    with pytest.raises(BundleError, match=r"more\.txt is not in MANIFEST\.json; remove it"):
        Bundle.open(path, TRUSTED)
    (path / "LICENSES" / "more.txt").unlink()
    (path / "link").symlink_to(path / "face.tflite")
    with pytest.raises(BundleError, match="link is a link or no plain file"):
        Bundle.open(path, TRUSTED)


def test_a_file_swapped_in_from_another_bundle_is_caught(path: Path, tmp_path: Path) -> None:
    other = tiny_bundle(tmp_path / "other", version="1.3.0").path
    for file in ("contract.json", MANIFEST, SIGNATURE):
        kept = (path / file).read_bytes()
        shutil.copy(other / file, path / file)
        with pytest.raises(BundleError, match="fetch the bundle again"):
            Bundle.open(path, TRUSTED)
        (path / file).write_bytes(kept)


def test_a_foreign_key_counts_for_nothing(path: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"was not made over MANIFEST\.json by a trusted key"):
        Bundle.open(path, [OTHER.public_key()])
    with pytest.raises(BundleError, match="by a trusted key"):
        Bundle.open(path)
    foreign = tiny_bundle(tmp_path / "foreign", key=OTHER).path
    with pytest.raises(BundleError, match="by a trusted key"):
        Bundle.open(foreign, TRUSTED)
    Bundle.open(foreign, [*TRUSTED, OTHER.public_key()])


def test_a_path_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle directory"):
        Bundle.open(tmp_path / "nowhere", TRUSTED)


def test_features_of_another_version_are_refused(path: Path) -> None:
    with pytest.raises(BundleError, match="features of version 7, this device computes version 8"):
        Bundle.open(path, TRUSTED, feature_version=8)


def test_an_older_release_than_the_floor_is_refused(path: Path) -> None:
    with pytest.raises(BundleError, match=r"is version 1\.2\.0, below 1\.10\.0"):
        Bundle.open(path, TRUSTED, floor="1.10.0")


def test_an_expiry_of_no_time_zone_is_refused_in_a_sentence(path: Path) -> None:
    resign(path, lambda manifest: manifest.update(expires="2030-01-31T00:00:00"))
    with pytest.raises(BundleError, match=r"cannot be read .*with a timezone"):
        Bundle.open(path, TRUSTED, now=datetime(2026, 1, 1, tzinfo=UTC))


def test_an_expired_signature_is_refused(path: Path) -> None:
    resign(path, lambda manifest: manifest.update(expires="2026-01-31T00:00:00Z"))
    Bundle.open(path, TRUSTED, now=datetime(2026, 1, 30, tzinfo=UTC))
    Bundle.open(path, TRUSTED)
    with pytest.raises(BundleError, match="expired on 2026-01-31"):
        Bundle.open(path, TRUSTED, now=datetime(2026, 2, 1, tzinfo=UTC))


def test_a_signed_manifest_that_makes_no_sense_is_refused(path: Path) -> None:
    resign(path, lambda manifest: manifest.update(colour="red"))
    with pytest.raises(BundleError, match=r"cannot be read \(Object contains unknown field `colour`"):
        Bundle.open(path, TRUSTED)


def test_contract_and_manifest_must_name_one_release(path: Path) -> None:
    resign(path, lambda manifest: manifest.update(version="1.2.1"))
    with pytest.raises(BundleError, match="name different releases"):
        Bundle.open(path, TRUSTED)


def test_a_network_file_outside_the_manifest_is_refused(path: Path) -> None:
    def forget(manifest: dict[str, object]) -> None:
        files = manifest["files"]
        assert isinstance(files, dict)
        del files["face.tflite"]

    resign(path, forget)
    (path / "face.tflite").unlink()
    with pytest.raises(BundleError, match=r"lists no face\.tflite, which it must have"):
        Bundle.open(path, TRUSTED)


def test_a_file_changed_after_opening_is_not_loaded(path: Path) -> None:
    bundle = Bundle.open(path, TRUSTED, canary=False)
    (path / "wrist.tflite").write_bytes(leaky_step(3, keep=0.25))
    with pytest.raises(BundleError, match=r"wrist\.tflite is not the file that was signed"):
        bundle.network("wrist")


def test_a_network_is_loaded_anew_though_another_bundle_took_its_place(path: Path) -> None:
    judges = Judges(Bundle.open(path, TRUSTED), 1)
    before, vector = judges.current.detector_networks()["pnet"], np.ones((1, 2, 2, 3), np.float32)
    for file in (found for found in path.rglob("*") if found.is_file()):
        file.write_bytes(b"half of another one")
    judges.renew(Modality.WRIST)  # after it hung
    judges.renew(Modality.FACE)
    (again,) = judges.current.detector_networks()["pnet"](vector)
    assert np.array_equal(again, before(vector)[0])


def test_the_canary_knows_every_kind_of_wrong_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = read_canary((path / CANARY).read_bytes())
    assert set(right) == {"face", "wrist", "fusion", "detector/pnet"}
    bundle = Bundle.open(path, TRUSTED)

    def stored(content: bytes) -> None:
        def read(_: Bundle, file: str) -> bytes:
            return content if file == CANARY else (path / file).read_bytes()

        monkeypatch.setattr(Bundle, "read", read)

    everyone = {name: list(found) for name, found in right.items()}
    inputs, outputs = everyone["wrist"][0]
    cases = {
        "is off by": {**outputs, "logits": outputs["logits"] + 0.5},
        "is float32": {**outputs, "logits": outputs["logits"].ravel()},
        "outputs are": {"logits": outputs["logits"]},
    }
    for sentence, wrong in cases.items():
        stored(write_canary({**everyone, "wrist": [Vector(inputs, wrong)]}))
        with pytest.raises(BundleError, match=f"wrist, canary 0, first run: .*{sentence}"):
            bundle.check_canary()
    stored(write_canary({name: found for name, found in everyone.items() if name != "wrist"}))
    with pytest.raises(BundleError, match="has no vector for network wrist"):
        bundle.check_canary()
    face_in, face_out = everyone["face"][0]
    for step, fails in ((1, False), (2, True)):
        moved = np.clip(face_out["logits"].astype(np.int16) - step, -128, 127).astype(np.int8)
        stored(write_canary({**everyone, "face": [Vector(face_in, {"logits": moved})]}))
        if fails:
            with pytest.raises(BundleError, match="face, canary 0, first run: output logits is off by 2"):
                bundle.check_canary()
        else:
            bundle.check_canary()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", write_canary({})[:-9]])
def test_bytes_that_are_no_canary_are_refused(content: bytes) -> None:
    with pytest.raises(CanaryError, match=r"canary\.npz cannot be read"):
        read_canary(content)
