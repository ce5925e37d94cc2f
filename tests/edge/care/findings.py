"""A finding of the doctor in; the same out, if a person can use it."""

from edge.check import Check


def sound(check: Check) -> Check:
    assert check.says.endswith((".", "?"))
    assert check.cure or check.state in {"good", "off"}
    return check
