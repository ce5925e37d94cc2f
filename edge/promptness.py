"""How long the threads of this process may keep each other waiting."""

import gc
import sys

_TURN_S = 0.0005
"""Who computes in Python gives way after so long; by the interpreter's own 5 ms, the way from a window to the broker,
with its five changes of thread, would be as long as all that is computed on it."""


def keep_prompt() -> None:
    """Call once all that stays is made: modules, networks, settings.

    The collector then leaves that alone; to look through it takes a Raspberry Pi a tenth of a second, and everything
    stands still meanwhile.
    """
    sys.setswitchinterval(_TURN_S)
    gc.collect()
    gc.freeze()
