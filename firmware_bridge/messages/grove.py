"""What a Grove skin response sensor says, one number a line."""

from dataclasses import dataclass

_SATURATED = 512


@dataclass(frozen=True, slots=True)
class GroveReading:
    """One averaged reading of a 10-bit converter."""

    raw: int
    tick_ms: int | None = None
    """Board clock; only some sketches send it."""

    @property
    def contact(self) -> bool:
        """Two fingers are on the electrodes."""
        return self.raw < _SATURATED

    @property
    def ohm(self) -> float:
        """Resistance of the skin (Seeed's formula); infinite without contact."""
        if not self.contact:
            return float("inf")
        return (1024 + 2 * self.raw) * 10000 / (_SATURATED - self.raw)

    @property
    def microsiemens(self) -> float:
        return 1e6 / self.ohm
