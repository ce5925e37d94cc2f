"""TLS against a real mosquitto: it works when all is right, and each thing wrong has its own sentence."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.dial import Dialer
from edge.relay.errors import BrokerError
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.tls import check_private, read_password, tls_context
from edge.relay.topics import Topics
from tests.edge.relay.certificates import Authority, Pair
from tests.edge.relay.listening import PATIENCE_S, an_alert
from tests.faults.mosquitto import Mosquitto, needs_mosquitto

TOPICS = Topics("vagus", "edge")


@asynccontextmanager
async def _broker(tmp_path: Path, pair: Pair | None, *lines: str, anonymous: bool = True) -> AsyncGenerator[Mosquitto]:
    tls = () if pair is None else (f"certfile {pair.certificate}", f"keyfile {pair.key}")
    broker = Mosquitto(tmp_path / "broker", *tls, *lines, tls=pair is not None, anonymous=anonymous)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def _refusal(address: BrokerAddress, settings: MqttSettings) -> str:
    with pytest.raises(BrokerError) as caught:
        await Dialer(settings, address).dial(TOPICS)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


@needs_mosquitto
async def test_all_is_right(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.sign("device")
    lines = (f"cafile {authority.path}", "require_certificate true")
    async with _broker(tmp_path, authority.sign("broker"), *lines) as broker:
        settings = MqttSettings(
            ca_file=str(authority.path), certificate_file=str(ours.certificate), key_file=str(ours.key)
        )
        clock = SystemClock()
        async with (
            Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
            Relay(settings, outbox, clock, address=broker.address) as relay,
        ):
            for _ in range(50):
                await relay.raise_alert(an_alert(relay.next_sequence()))
            assert await relay.drain(PATIENCE_S)
            assert relay.trouble is None


@needs_mosquitto
async def test_wrong_authority(tmp_path: Path) -> None:
    async with _broker(tmp_path, Authority(tmp_path).sign("broker")) as broker:
        other = Authority(tmp_path, "stranger")
        sentence = await _refusal(broker.address, MqttSettings(ca_file=str(other.path)))
        assert "signed by an authority we do not know; set ca_file" in sentence
        sentence = await _refusal(broker.address, MqttSettings())
        assert "signed by an authority we do not know; set ca_file" in sentence


@needs_mosquitto
async def test_expired(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with _broker(tmp_path, authority.sign("broker", ends_in_days=-1)) as broker:
        sentence = await _refusal(broker.address, MqttSettings(ca_file=str(authority.path)))
        assert "has expired; renew it at the broker, or set this machine's clock" in sentence


@needs_mosquitto
@pytest.mark.parametrize("host", ["broker.example", "10.1.2.3"])
async def test_wrong_host(tmp_path: Path, host: str) -> None:
    authority = Authority(tmp_path)
    async with _broker(tmp_path, authority.sign("broker", host=host)) as broker:
        sentence = await _refusal(broker.address, MqttSettings(ca_file=str(authority.path)))
        assert "is for another host than '127.0.0.1'" in sentence


@needs_mosquitto
async def test_plain_text_on_a_tls_port(tmp_path: Path) -> None:
    async with _broker(tmp_path, Authority(tmp_path).sign("broker")) as broker:
        plain = BrokerAddress(broker.address.host, broker.address.port)
        assert "does this port want TLS (mqtts://)?" in await _refusal(plain, MqttSettings())


@needs_mosquitto
async def test_tls_on_a_plain_port(tmp_path: Path) -> None:
    async with _broker(tmp_path, None) as broker:
        tls = BrokerAddress(broker.address.host, broker.address.port, tls=True)
        assert "does not speak TLS on this port" in await _refusal(tls, MqttSettings())


@needs_mosquitto
async def test_no_certificate_where_one_is_asked_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    lines = (f"cafile {authority.path}", "require_certificate true")
    async with _broker(tmp_path, authority.sign("broker"), *lines) as broker:
        sentence = await _refusal(broker.address, MqttSettings(ca_file=str(authority.path)))
        assert "hung up" in sentence or "certificate" in sentence


@needs_mosquitto
async def test_wrong_password(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.touch(mode=0o600)
    secret.write_text("wrong\n")
    async with _broker(tmp_path, None, anonymous=False) as broker:
        settings = MqttSettings(username="edge", password_file=str(secret))
        sentence = await _refusal(broker.address, settings)
        assert "refused: Not authorized; check username, password_file" in sentence


@needs_mosquitto
async def test_a_refused_alert_is_kept_and_said(tmp_path: Path) -> None:
    """MQTT 5 brokers refuse a single PUBLISH by its PUBACK: that is no acknowledgement."""
    rules = tmp_path / "rules"
    rules.write_text("topic write vagus/edge/status\n")
    async with _broker(tmp_path, None, f"acl_file {rules}") as broker:
        clock = SystemClock()
        async with (
            Outbox(OutboxSettings(path=str(tmp_path / "o.db")), clock) as outbox,
            Relay(MqttSettings(reconnect_max_s=0.5), outbox, clock, address=broker.address) as relay,
        ):
            await relay.raise_alert(an_alert(1))
            assert await relay.until(lambda: "/alert: Not authorized" in str(relay.trouble), PATIENCE_S)
            assert (relay.pending, relay.acked, relay.connected) == (1, 0, True)


def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    pair = Authority(tmp_path).sign("device")
    check_private(str(pair.key), "key_file")
    pair.key.chmod(0o640)
    settings = MqttSettings(certificate_file=str(pair.certificate), key_file=str(pair.key))
    with pytest.raises(BrokerError, match=r"key_file .* may be read by others \(mode 640\): run chmod 600"):
        tls_context(settings)
    with pytest.raises(BrokerError, match=r"password_file .* may be read by others"):
        read_password(MqttSettings(password_file=str(pair.key)))


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.touch(mode=0o600)
    junk.write_text("junk")
    with pytest.raises(BrokerError, match=r"ca_file '.*junk.pem' is no readable PEM"):
        tls_context(MqttSettings(ca_file=str(junk)))
    with pytest.raises(BrokerError, match="are no readable PEM pair"):
        tls_context(MqttSettings(certificate_file=str(junk), key_file=str(junk)))
    with pytest.raises(BrokerError, match="password_file '/nowhere' cannot be read"):
        read_password(MqttSettings(password_file="/nowhere"))
    assert read_password(MqttSettings(password_file=str(junk))) == "junk"
    assert read_password(MqttSettings()) is None
