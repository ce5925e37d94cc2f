"""`edge-daemon check` says no where a start would find its port taken, and holds none itself."""

import socket
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from edge.panel.settings import PanelSettings
from edge.refusal import RefusalError
from edge.rehearsal import rehearse
from edge.settings import HealthSettings, Settings, WatchSettings
from tests.edge.care.holdings import daemon_at


@contextmanager
def taken() -> Generator[int]:
    """A port that some other program listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield int(other.getsockname()[1])


def of(state: Path, page: int = 0, health: int = 0) -> Settings:
    watch, panel = WatchSettings("virtual:wearer"), PanelSettings(enabled=page > 0, port=page)
    return Settings(state_dir=str(state), watch=watch, panel=panel, health=HealthSettings(health))


def test_a_port_that_is_taken_is_told_before_a_start_would_find_it(tmp_path: Path) -> None:
    with taken() as port:
        with pytest.raises(RefusalError, match=rf"127\.0\.0\.1:{port} cannot be listened on .* set panel.port"):
            rehearse(of(tmp_path, page=port))
        with pytest.raises(RefusalError, match=r"set health.port"):
            rehearse(of(tmp_path, health=port))
    with taken() as another:
        pass
    rehearse(of(tmp_path, port, another))
    with closing(socket.create_server(("127.0.0.1", port))):
        pass  # nothing holds it


def test_a_page_on_ipv6_alone_does_not_mind_who_has_the_port_on_ipv4(tmp_path: Path) -> None:
    with taken() as port:
        panel = PanelSettings(enabled=True, host="::", port=port, lan=True)
        try:
            socket.create_server(("::", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
        rehearse(Settings(state_dir=str(tmp_path), watch=WatchSettings("virtual:wearer"), panel=panel))


def test_a_daemon_that_runs_has_its_ports_itself(tmp_path: Path) -> None:
    with daemon_at(tmp_path / "outbox.db"), taken() as port:
        rehearse(of(tmp_path, page=port))


def test_a_page_that_is_off_needs_no_port(tmp_path: Path) -> None:
    with taken() as port:
        rehearse(
            Settings(state_dir=str(tmp_path), watch=WatchSettings("virtual:wearer"), panel=PanelSettings(port=port))
        )
