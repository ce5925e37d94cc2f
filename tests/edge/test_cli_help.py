"""Every verb teaches how it is used, and says in plain words what it did."""

import sys
from pathlib import Path

import pytest
import typer

from edge import cli


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["edge-daemon", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    said = capsys.readouterr()
    return " ".join(f"{said.out} {said.err}".replace("│", " ").split())


def verbs() -> list[str]:
    return sorted(typer.main.get_group(cli.app).commands)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - typer's own click


def test_the_readme_names_every_verb() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert [verb for verb in verbs() if f"`edge-daemon {verb}" not in readme and f"`{verb}`" not in readme] == []


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("", ["Exit codes: 0 done", "edge-daemon doctor"]),
        ("run", ["[panel] enabled = true", "Exit code 1"]),
        ("check", ["Exit 2", "edge-daemon doctor"]),
        ("demo", ["Exit code 1"]),
        ("replay", ["JSON"]),
        ("pair", ["12 no adapter"]),
        ("doctor", ["Exit code 0"]),
    ],
)
def test_help_says_what_is_promised(
    verb: str, told: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shown(monkeypatch, capsys, *([verb] if verb else []), "--help")
    assert [each for each in told if each not in said] == []


def test_forgetting_tells_what_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "vagus.toml"
    settings.write_text(f"state_dir = '{tmp_path}'\n")
    said = shown(monkeypatch, capsys, "forget", "--yes", "--config", str(settings))
    assert f"nothing was stored in {tmp_path}; 0 topics cleared" in said
    (tmp_path / "baseline.json").write_text("{}")
    said = shown(monkeypatch, capsys, "forget", "--yes", "--config", str(settings))
    assert "forgotten: 1 file of the baseline; 0 topics cleared at the broker" in said
