"""One run in; its network as int8 on its own, and what lowering did to it, out: no bundle, no contract, no key.

For the papers' networks, which no device runs: whoever wants one elsewhere gets it by the same forms, against the same
bars, as what ships.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from export.choose import Choice, choose
from export.errors import ExportError
from export.forms import form_named
from export.gathered import reported
from export.places import must_take, write_anew
from export.trained import read_run
from export.verify import MAX_LOSS


def lower_alone(
    folder: Path,
    out: Path,
    *,
    max_loss: float = MAX_LOSS,
    full_int8: bool = False,
    only: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Mapping[str, object], Choice]:
    """Lower the network of a run's directory and write it to ``out``, a `.tflite` file; its figures.

    Among them how it is to be fed: `states` that the caller carries from moment to moment, clipped, and whether the
    file's own variables must be `reset` before each run.
    ``only`` these forms, by their names, are tried where there are some: the fastest sound one is taken.
    Raises ExportError for unusable input, BarError when no form is sound; nothing is written then.
    """
    if out.suffix != ".tflite":
        raise ExportError(f"{out} is no name for a TFLite file; end it in .tflite")
    forms = [form_named(name) for name in dict.fromkeys(only)] or None
    if full_int8 and any(form.weights != "int8" for form in forms or ()):
        raise ExportError(f"{', '.join(only)} with every part in int8 cannot be; leave --full-int8 out, or that form")
    must_take(out, "--out")
    run = read_run(folder)
    choice = choose(run, max_loss=max_loss, full_int8=full_int8, only=forms, say=say)
    try:
        write_anew(out, choice.lowered.content)
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {error.strerror}; name another place with --out") from error
    carried = {"states": [asdict(state) for state in choice.lowered.states], "reset": choice.lowered.carries_state}
    return reported(run, choice) | {"file": str(out)} | carried, choice
