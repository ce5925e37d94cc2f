"""What makes a start impossible: each is one sentence and exit code 2."""

from edge.baseline_store import BaselineError
from edge.bundle import BundleError
from edge.panel.errors import PanelError
from edge.relay.errors import BrokerAddressError, RelayError
from edge.sensing.camera import CameraError
from edge.settings import SettingsError
from firmware_bridge.errors import AddressError, LinkError


class RefusalError(ValueError):
    """A start that was asked for cannot be made; the sentence says why and what would work."""


REFUSALS = (
    RefusalError,
    SettingsError,
    BundleError,
    BaselineError,
    CameraError,
    AddressError,
    LinkError,
    BrokerAddressError,
    RelayError,
    PanelError,
)
