"""What every whole daemon here stands on: quick networks under a trusted key, and a face to look at."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.bundle import Bundle
from edge.bundle_keys import key_line
from edge.flow import Image
from edge.settings import shipped_bundle
from export.pack import write_bundle
from tests.fakes.bundles import KEY
from tests.fakes.faces import picture


@dataclass(frozen=True, slots=True)
class Ground:
    """Read by every daemon, changed by none."""

    bundle: Path
    keys: Path
    """A configuration directory, in which a user trusts the bundle's key."""
    face: Image
    """Somebody to look at."""


def lay_ground(made: Path) -> Ground:
    """The shipped networks, told of ten seconds every two, and a user who trusts the key that signs them so."""
    (made / "keys" / "vagus").mkdir(parents=True)
    (made / "keys" / "vagus" / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    shipped = Bundle.open(shipped_bundle())
    models = shipped.contract.models
    assert models.wrist is not None
    quick = msgspec.structs.replace(models, wrist=msgspec.structs.replace(models.wrist, window_s=10.0, step_s=2.0))
    files = {name: shipped.read(name) for name in shipped.manifest.files if name != "contract.json"}
    write_bundle(made / "bundle", msgspec.structs.replace(shipped.contract, models=quick), files, KEY)
    return Ground(made / "bundle", made / "keys", picture("astronaut.png")[0:300, 0:400])
