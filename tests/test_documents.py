"""What the documents point at is there: files, headings, pictures, and no picture is there for nobody."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAMED = re.compile(r"(?:edge|export|models|firmware_bridge|tests|docs)/[\w./-]+\.(?:py|md|sh|toml|service|npz|json)\b")


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split()]


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{page.name} points at {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} points at {link}"
    for named in _NAMED.findall(text):
        assert (ROOT / named).exists() or (page.parent / named).exists(), f"{page.name} names {named}"


def test_every_picture_is_shown_somewhere() -> None:
    text = "".join(page.read_text() for page in documents())
    listed = subprocess.run(["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        if name.endswith((".png", ".svg")) and (ROOT / name).exists():
            assert f"{Path(name).name})" in text, f"no document shows {name}"
