"""Broker addresses: what people write, and the one sentence for what nobody can use."""

import pytest

from edge.relay.address import BrokerAddress, parse_broker
from edge.relay.errors import BrokerAddressError
from edge.relay.settings import MqttSettings, OutboxSettings


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("broker.local:1883", BrokerAddress("broker.local", 1883)),
        ("mqtt://10.0.0.2:1884", BrokerAddress("10.0.0.2", 1884)),
        ("mqtts://broker.local:8883/", BrokerAddress("broker.local", 8883, tls=True)),
        ("[::1]:1883", BrokerAddress("::1", 1883)),
        ("[fe80::1%eth0]:1883", BrokerAddress("fe80::1%eth0", 1883)),
        ("br\u00f6ker.local:1883", BrokerAddress("br\u00f6ker.local", 1883)),
        (" localhost:1 ", BrokerAddress("localhost", 1)),
    ],
)
def test_good_addresses(text: str, address: BrokerAddress) -> None:
    assert parse_broker(text) == address
    assert parse_broker(str(address)) == address


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("broker.local", "has no port: write broker.local:1883"),
        ("mqtts://broker.local", "has no port: write mqtts://broker.local:8883"),
        ("[::1]", "has no port: write [::1]:1883"),
        (":1883", "names no host"),
        ("", "names no host"),
        ("mqtts://home..local:8883", "names no computer (there are 1 to 63 letters between dots)"),
        (f"{'a' * 64}.local:1883", "names no computer"),
        (".local:1883", "names no computer"),
        ("http://broker.local:80", "use mqtt:// or mqtts://"),
        ("broker.local:many", "cannot be read"),
        ("broker.local:99999", "cannot be read"),
        ("mqtt://me:secret@broker.local:1883", "put it in `username` and `password_file`"),
        ("broker.local:1883/topic", "goes on after its port"),
    ],
)
def test_bad_addresses_say_what_would_work(text: str, part: str) -> None:
    with pytest.raises(BrokerAddressError) as caught:
        parse_broker(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"broker": "broker.local"}, "has no port"),
        ({"device": "my watch"}, "letters, digits"),
        ({"base_topic": "a/+/b"}, "base_topic"),
        ({"base_topic": ""}, "base_topic"),
        ({"certificate_file": "me.pem"}, "go together"),
        ({"broker": "broker.local:1883", "username": "edge"}, "username would cross the network in clear text"),
        ({"broker": "mqtt://10.0.0.2:1883", "password_file": "secret"}, "use mqtts:// and the broker's TLS port"),
        ({"reconnect_min_s": 0.0}, "reconnect_min_s"),
        ({"in_flight": 0}, "in_flight"),
        ({"discovery_prefix": "home/+"}, "discovery_prefix"),
        ({"discovery_prefix": ""}, "discovery_prefix"),
        ({"keepalive_s": 0}, "keepalive_s must be 1 to 65535"),
        ({"keepalive_s": 65536}, "keepalive_s must be 1 to 65535"),
        ({"connect_timeout_s": float("inf")}, "connect_timeout_s must be above 0 and finite"),
        ({"ack_timeout_s": float("nan")}, "ack_timeout_s must be above 0 and finite"),
        ({"rename_hours": float("inf")}, "rename_hours must be above 0 and finite"),
        ({"reconnect_max_s": float("inf")}, "reconnect_max_s"),
    ],
)
def test_settings_refuse_what_cannot_work(change: dict[str, object], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        MqttSettings(**change)  # pyright: ignore[reportArgumentType]  the wrong types are the point


@pytest.mark.parametrize(
    "change",
    [
        {"path": ""},
        {"path": "."},
        {"path": "var/.."},
        {"max_mib": 0},
        {"alert_days": 0.0},
        {"report_days": -1.0},
        {"alert_days": float("inf")},
        {"report_days": 1e300},
    ],
)
def test_outbox_settings_refuse_what_cannot_work(change: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        OutboxSettings(**change)  # pyright: ignore[reportArgumentType]  the wrong types are the point


@pytest.mark.parametrize(
    "broker",
    ["mqtts://broker.local:8883", "localhost:1883", "127.0.0.1:1883", "[::1]:1883", "mqtt://hub.localhost:1883", ""],
)
def test_a_password_goes_to_a_broker_that_nobody_listens_to(broker: str) -> None:
    assert MqttSettings(broker=broker, username="edge", password_file="secret").broker == broker


@pytest.mark.parametrize("host", ["broker.local", "10.0.0.2", "127.0.0.1.example.org", "::2", "notlocalhost"])
def test_what_is_not_this_machine(host: str) -> None:
    assert not BrokerAddress(host, 1883).is_loopback
