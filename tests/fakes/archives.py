"""What lies in an `.npy` and in an `.npz` file."""

import io
from typing import Any

import numpy as np


def bare() -> bytes:
    """One array, no archive of several."""
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


def stored(**arrays: Any) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()
