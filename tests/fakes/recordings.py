"""Where the recordings are, for tests that want real ones; they are not part of the repository."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("VAGUS_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
STRESS_PREDICT = DATA / "stress_predict.npz"
CLIPS = DATA / "clips"


def needs(*paths: Path) -> pytest.MarkDecorator:
    """Skip, with the reason, where a recording is absent."""
    missing = [path for path in paths if not path.exists()]
    reason = f"no {missing[0].name}: set VAGUS_DATA to the folder with the recordings" if missing else ""
    return pytest.mark.skipif(bool(missing), reason=reason)
