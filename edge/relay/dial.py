"""Settings -> an open session, in the newest MQTT that the broker speaks."""

import asyncio
import secrets
from dataclasses import replace

from edge.relay.address import BrokerAddress
from edge.relay.errors import HungUpError, VersionRefusedError
from edge.relay.session import Opening, Session, Version, open_session
from edge.relay.settings import MqttSettings
from edge.relay.tls import read_password, tls_context
from edge.relay.topics import OFFLINE, Topics


class Dialer:
    """Opens one connection after another, and remembers what the broker spoke."""

    def __init__(self, settings: MqttSettings, address: BrokerAddress) -> None:
        self.address = address
        self._settings = settings
        self._version: Version = "3.1.1" if settings.protocol == "3.1.1" else "5"

    async def dial(self, topics: Topics) -> Session:
        """Connect, with the will that says `offline` on the status topic; BrokerError, one sentence, otherwise."""
        # Read anew each time, off the loop: certificates and passwords are renewed while we run.
        return await self._open(await asyncio.to_thread(self._opening, topics))

    async def visit(self, topics: Topics) -> Session:
        """Connect as a guest under a name by chance and without a will: a daemon that runs meanwhile notices nothing.

        Brokers end the older of two connections of one name. Raises BrokerError as `dial` does.
        """
        opening = await asyncio.to_thread(self._opening, topics)
        guest = f"{opening.client_id}-{secrets.token_hex(4)}"
        return await self._open(replace(opening, client_id=guest, will_topic=None))

    async def _open(self, opening: Opening) -> Session:
        try:
            return await open_session(opening)
        except VersionRefusedError as error:
            if self._settings.protocol != "auto":
                raise
            refused = not isinstance(error, HungUpError)
        session = await open_session(replace(opening, version="3.1.1"))
        if refused:  # one that was just not well is asked for MQTT 5 again: the older takes in silence what it forbids
            self._version = "3.1.1"
        return session

    def _opening(self, topics: Topics) -> Opening:
        return Opening(
            address=self.address,
            client_id=f"{topics.base.replace('/', '-')}-{topics.device}",
            version=self._version,
            keepalive_s=self._settings.keepalive_s,
            timeout_s=self._settings.connect_timeout_s,
            tls=tls_context(self._settings) if self.address.tls else None,
            username=self._settings.username or None,
            password=read_password(self._settings),
            will_topic=topics.status,
            will_payload=OFFLINE,
            # A name that changes must leave nothing behind.
            will_retain=not self._settings.seal_to_file,
        )
