"""Settings without a broker in; one of our own, and the settings that reach it with a password of this start, out."""

import contextlib
import secrets
from collections.abc import AsyncGenerator

import msgspec

from edge.relay.address import BrokerAddress
from edge.relay.broker import USER, local_broker
from edge.relay.errors import RelayError
from edge.relay.settings import MqttSettings
from edge.settings import Settings
from edge.whole_file import write_whole

CONNECTIONS = 64
"""Open at once; more are closed unheard, for the daemon needs its descriptors itself."""
PASSWORD_FILE = "broker-password"
"""In the state directory, for its owner alone: with it an operator may give orders, too."""


@contextlib.asynccontextmanager
async def own_broker(settings: Settings) -> AsyncGenerator[tuple[BrokerAddress, MqttSettings]]:
    """Run it: others on this machine may listen, but not give orders.

    Raises RelayError where the password cannot be written.
    """
    file, password = settings.state_path / PASSWORD_FILE, secrets.token_urlsafe(24)
    try:
        write_whole(file, f"{password}\n".encode())
    except OSError as error:
        raise RelayError(f"{file} cannot be written ({error.strerror}); set state_dir, or mqtt.broker") from error
    try:
        async with local_broker(password=password, most=CONNECTIONS) as address:
            yield address, msgspec.structs.replace(settings.mqtt, username=USER, password_file=str(file))
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
