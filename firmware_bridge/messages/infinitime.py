"""What InfiniTime (PineTime) says beside the standard services."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps since midnight."""

    count: int


@dataclass(frozen=True, slots=True)
class InfiniTimeMotion:
    """Acceleration now, in 1/1024 g."""

    x: int
    y: int
    z: int

    @property
    def g(self) -> tuple[float, float, float]:
        return self.x / 1024, self.y / 1024, self.z / 1024


InfiniTimeMessage = Steps | InfiniTimeMotion
