"""docs/settings.md has every setting there is, with its default, and no other; the README's example can be run with."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edge.settings import Settings, parse_settings

ROOT = Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "settings.md", ROOT / "README.md"


def written() -> Iterator[tuple[str, str]]:
    """Each row of the page: the setting's full name, and its default as TOML has it."""
    section = ""
    for line in PAGE.read_text().splitlines():
        if head := re.match(r"(?:## )?`\[([a-z.]+)\]`", line):
            section = f"{head[1]}."
        elif row := re.match(r"\| `([a-z_]+)` \| `([^|]+)` \|", line):
            yield f"{section}{row[1]}", row[2]


def there(settings: msgspec.Struct, section: str = "") -> Iterator[tuple[str, str]]:
    """The same of the settings themselves."""
    for name in settings.__struct_fields__:
        value: object = getattr(settings, name)
        if isinstance(value, msgspec.Struct):
            yield from there(value, f"{section}{name}.")
        else:
            yield f"{section}{name}", json.dumps(value)


def test_every_setting_stands_on_the_page_with_its_default() -> None:
    rows = list(written())
    assert sorted(rows) == sorted(there(Settings()))
    assert len(rows) > 60


def test_the_example_of_the_readme_can_be_run_with() -> None:
    (example,) = re.findall(r"```toml\n(.+?)```", README.read_text(), re.DOTALL)
    assert parse_settings(example, README).watch.address.startswith("ble:")
