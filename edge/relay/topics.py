"""A base and a device -> the topics we speak on."""

from dataclasses import dataclass

ONLINE = b"online"
OFFLINE = b"offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """`<base>/<device>/...`; every topic of one device."""

    base: str
    device: str

    @property
    def status(self) -> str:
        """Retained `online`, or `offline` by the last will."""
        return f"{self.base}/{self.device}/status"

    @property
    def state(self) -> str:
        """Retained JSON of what the daemon holds to be true now; the newest wins."""
        return f"{self.base}/{self.device}/state"

    def resolve(self, name: str) -> str:
        """The topic of a name: `~/camera/state` stands under our device, anything else for itself."""
        return f"{self.base}/{self.device}{name[1:]}" if name.startswith("~/") else name

    def has(self, topic: str) -> bool:
        """Whether a topic stands under our device."""
        return topic.startswith(f"{self.base}/{self.device}/")

    def kind(self, kind: str) -> str:
        """Messages of one kind from the outbox: `alert` or `report`."""
        return f"{self.base}/{self.device}/{kind}"

    def command(self, name: str) -> str:
        """Where a command is heard, such as `camera`."""
        return f"{self.base}/{self.device}/{name}/set"

    def echo(self, name: str) -> str:
        """Retained answer to a command: what holds now."""
        return f"{self.base}/{self.device}/{name}/state"

    def command_name(self, topic: str) -> str | None:
        """The name of the command heard on a topic; None where it is none of ours."""
        head, tail = f"{self.base}/{self.device}/", "/set"
        name = topic.removeprefix(head).removesuffix(tail)
        return name if topic == f"{head}{name}{tail}" and "/" not in name else None
