"""The contract on disk: a bundle is opened whole and proven, or refused in one sentence.

A bundle is a directory: contract.json, networks, canary.npz, report.json, LICENSES/, MANIFEST.json with the SHA-256 of
every other file, and MANIFEST.sig, the Ed25519 signature (RFC 8032) over the bytes of MANIFEST.json.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from edge.bundle_canary import CANARY, TWINS, CanaryError, check_canary
from edge.bundle_contract import Contract, Name, Version, read_contract, release
from edge.bundle_contract import Network as Piece
from edge.bundle_keys import KeyFileError, trusted_keys
from edge.inference.choice import Runtime, pick
from edge.inference.ports import NetworkError
from edge.inference.runtime import Network, load_network

MANIFEST = "MANIFEST.json"
SIGNATURE = "MANIFEST.sig"
CONTRACT = "contract.json"
REPORT = "report.json"


class BundleError(ValueError):
    """A bundle that must not run; the sentence names the file, what is wrong with it, and the cure."""


class WrongAnswerError(BundleError):
    """A bundle that is whole and signed, but whose networks answer otherwise here than where it was made."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """What the manifest says of one file."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Meta(ge=0)]


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """MANIFEST.json: what is signed."""

    schema: Literal[1]
    name: Name
    version: Version
    min_version: Version
    files: Mapping[str, Entry]
    """Every file of the bundle but the manifest and its signature, by path with forward slashes."""
    expires: Annotated[datetime, Meta(tz=True)] | None = None
    """After this moment the signature counts no more (UTC)."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that passed every check. Files are read, and checked again, when they are used; networks' files once.

    A network that is loaded anew, or a bundle that comes back after another one's trial, must be what it was, though
    other files may stand at its path by then.
    """

    path: Path
    manifest: Manifest
    contract: Contract
    runtime: Runtime = "auto"
    """Which of its networks' files are run."""
    _held: dict[str, bytes] = field(default_factory=dict[str, bytes], compare=False, repr=False)
    """Networks' files that were loaded: the runtime holds the same bytes, so they take no memory of their own."""

    @classmethod
    def open(
        cls,
        path: Path,
        trusted: Sequence[Ed25519PublicKey] | None = None,
        *,
        feature_version: int | None = None,
        floor: str | None = None,
        now: datetime | None = None,
        canary: bool = True,
        threads: int = 1,
        runtime: Runtime = "auto",
    ) -> "Bundle":
        """Check signature, checksums, contract, versions and canary, in this order; BundleError on the first fault.

        ``trusted`` are the keys that may sign; None for those that ship and those the user added.
        ``feature_version`` is the device's own.
        ``floor`` is the highest minimum version that any bundle run here has set. ``now`` is compared with the expiry;
        None on a device whose wall clock cannot be trusted. The canary runs every network twice on stored inputs, in
        the form that ``runtime`` picks.
        """
        try:
            keys = trusted_keys() if trusted is None else trusted
        except KeyFileError as error:
            raise BundleError(f"{path} cannot be proven: {error}") from error
        manifest = _manifest(path, keys)
        _check_files(path, manifest)
        contract = _contract(path, manifest)
        _check_release(path, contract, manifest, feature_version, floor, now)
        bundle = cls(path, manifest, contract, runtime)
        if canary:
            bundle.check_canary(threads)
        return bundle

    @property
    def label(self) -> str:
        """Name and version, as alerts carry it."""
        return f"{self.contract.name} {self.contract.version}"

    @property
    def detector(self) -> Mapping[str, object] | None:
        """The detector's piece of the contract in plain types, for edge/sensing/face.py."""
        piece = self.contract.models.detector
        return None if piece is None else msgspec.to_builtins(piece)

    @property
    def report(self) -> Mapping[str, object]:
        """What the exporter measured: sizes, latencies, agreement."""
        return msgspec.json.decode(self.read(REPORT), type=dict[str, object])

    def read(self, file: str) -> bytes:
        """One file's bytes, checked against the manifest at this moment."""
        entry = self.manifest.files.get(file)
        if entry is None:
            raise BundleError(f"{self.path} has no file {file}; it has {', '.join(sorted(self.manifest.files))}")
        return _checked(self.path, file, entry)

    def network(self, name: str, *, threads: int = 1, twin: bool = False) -> Network:
        """Load a network by its name in the contract (`face`, `detector/pnet`); ``twin`` loads its float twin.

        Raises BundleError when the bundle has no such network, or none for the runtime, or that cannot load it.
        """
        networks = dict(self.contract.networks())
        if name not in networks:
            raise BundleError(f"{self.path} has no network {name}; it has {', '.join(networks) or 'none'}")
        piece = networks[name]
        try:
            file = piece.float_file if twin and piece.float_file is not None else pick(self.runtime, name, piece.files)
        except NetworkError as error:
            raise BundleError(f"{self.path}: {error}") from error
        return self._load(file, piece, threads)

    def check_canary(self, threads: int = 1) -> None:
        """Run every network on the stored inputs, each twice in a row; raise BundleError where an answer is another."""
        networks: dict[str, tuple[Network, float]] = {}
        for name, piece in self.contract.networks():
            network = self.network(name, threads=threads)
            if piece.onnx is not None and network.name == piece.onnx.file:
                networks[f"{TWINS}/{name}"] = network, piece.onnx.tolerance
            else:
                networks[name] = network, piece.tolerance
        self._compare(networks)

    def check_twins(self) -> None:
        """The same for every ONNX twin, whichever form is run here."""
        self._compare(
            {
                f"{TWINS}/{name}": (self._load(piece.onnx.file, piece), piece.onnx.tolerance)
                for name, piece in self.contract.networks()
                if piece.onnx is not None
            }
        )

    def _load(self, file: str, piece: Piece, threads: int = 1) -> Network:
        if file not in self._held:
            self._held[file] = self.read(file)
        try:
            return load_network(self._held[file], name=file, threads=threads, carries_state=piece.carries_state)
        except NetworkError as error:
            raise BundleError(f"{self.path}: {error}") from error

    def _compare(self, networks: Mapping[str, tuple[Network, float]]) -> None:
        try:
            check_canary(self.read(CANARY), networks)
        except (CanaryError, NetworkError) as error:
            raise WrongAnswerError(f"{self.path}: {error}; export the bundle again, or use another runtime") from error


def _manifest(path: Path, trusted: Sequence[Ed25519PublicKey]) -> Manifest:
    """The manifest, once one of the trusted keys is found to have signed it."""
    if not path.is_dir():
        raise BundleError(f"{path} is no bundle directory; give the path of a directory that export wrote")
    content, signature = _bytes(path, MANIFEST), _bytes(path, SIGNATURE)
    if not any(_signed(key, signature, content) for key in trusted):
        raise BundleError(
            f"{path / SIGNATURE} was not made over {MANIFEST} by a trusted key; "
            "fetch the bundle again, or add its maker's public key to the trusted ones"
        )
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{path / MANIFEST} cannot be read ({error}); export the bundle again") from error


def _signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _check_files(path: Path, manifest: Manifest) -> None:
    """Every file of the manifest is there as it was, and no other."""
    found: set[str] = set()
    for entry in sorted(path.rglob("*")):
        if entry.is_symlink() or not (entry.is_file() or entry.is_dir()):
            raise BundleError(f"{entry} is a link or no plain file; a bundle holds plain files only")
        if entry.is_file():
            found.add(entry.relative_to(path).as_posix())
    if added := found - manifest.files.keys() - {MANIFEST, SIGNATURE}:
        raise BundleError(f"{path / min(added)} is not in {MANIFEST}; remove it, or fetch the bundle again")
    for file, entry in sorted(manifest.files.items()):
        if file not in found:
            raise BundleError(f"{path / file} is missing; fetch the bundle again")
        _checked(path, file, entry)


def _checked(path: Path, file: str, entry: Entry) -> bytes:
    content = _bytes(path, file)
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleError(f"{path / file} is not the file that was signed (SHA-256 differs); fetch the bundle again")
    return content


def _bytes(path: Path, file: str) -> bytes:
    try:
        return (path / file).read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path / file} is missing; fetch the bundle again") from None
    except OSError as error:
        raise BundleError(f"{path / file} cannot be read ({error.strerror}); check its permissions") from error


def _contract(path: Path, manifest: Manifest) -> Contract:
    if CONTRACT not in manifest.files:
        raise BundleError(f"{path / MANIFEST} lists no {CONTRACT}; export the bundle again")
    try:
        contract = read_contract(_checked(path, CONTRACT, manifest.files[CONTRACT]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{path / CONTRACT} does not follow schema 1 ({error}); export the bundle again") from error
    named = {CANARY, REPORT}
    for _, network in contract.networks():
        named |= {*network.files} if network.float_file is None else {*network.files, network.float_file}
    if absent := named - manifest.files.keys():
        raise BundleError(f"{path / MANIFEST} lists no {min(absent)}, which it must have; export the bundle again")
    for name, network in contract.networks():
        if network.onnx is not None and network.onnx.sha256 != manifest.files[network.onnx.file].sha256:
            raise BundleError(
                f"{path / CONTRACT} names another {network.onnx.file} for {name}; export the bundle again"
            )
    return contract


def _check_release(
    path: Path,
    contract: Contract,
    manifest: Manifest,
    feature_version: int | None,
    floor: str | None,
    now: datetime | None,
) -> None:
    signed = (manifest.name, manifest.version, manifest.min_version)
    if signed != (contract.name, contract.version, contract.min_version):
        raise BundleError(f"{path / CONTRACT} and {MANIFEST} name different releases; export the bundle again")
    if feature_version is not None and contract.feature_version != feature_version:
        raise BundleError(
            f"{path / CONTRACT} was trained on features of version {contract.feature_version}, this device computes "
            f"version {feature_version}; install the bundle that came with this release"
        )
    if floor is not None and release(contract.version) < release(floor):
        raise BundleError(
            f"{path} is version {contract.version}, below {floor}, the least that a bundle run here has allowed; "
            "install a newer bundle"
        )
    if now is not None and manifest.expires is not None and now > manifest.expires:
        raise BundleError(f"{path / SIGNATURE} expired on {manifest.expires:%Y-%m-%d}; fetch a newer bundle")
