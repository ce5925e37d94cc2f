"""What an export may end with, other than a bundle."""


class ExportError(ValueError):
    """Input that cannot become a bundle; the sentence says which file or layer, why, and what would work."""


class LoweringError(ExportError):
    """A form that a network cannot take: the converter refuses it, crashes on it, or it does not apply."""


class BarError(ExportError):
    """A network that was lowered, but lost more than the bar allows."""
