"""The report as a page: every network, every form, nothing that could run."""

from html.parser import HTMLParser
from typing import Any

from export.choose import Candidate
from export.report_page import page
from export.verify import Latency, Measured

MEASURED = Measured(100, 0.99, 0.1, 0.01, 0.7, 0.702, 0.2)
REPORT: dict[str, Any] = {
    "command": "export --quantize --name '<script>'",
    "made": "2026-01-31T12:00:00+00:00",
    "tools": {"tensorflow": "2.21.0"},
    "networks": {
        "face": {
            "lowering": "int8",
            "bytes": 1_125_000,
            "float_bytes": 4_359_000,
            "fully_integer": True,
            "operators": {"CONV_2D": 10},
            "inputs": {"face": (-1.0, 1.0)},
            "measured": MEASURED,
            "latency_ms": Latency(0.25, 0.5),
            "candidates": (
                Candidate("int8", 1_125_000, Latency(0.25, 0.5), MEASURED, True, chosen=True),
                Candidate("16x8", 1_138_000, Latency(48.0, 75.0), MEASURED),
                Candidate("stepwise-int8", refused="layer <gap> looks at several moments"),
            ),
        },
        "detector/pnet": {"lowering": "float", "bytes": 3, "operators": {}, "latency_ms": Latency(0.7, 1.0)},
    },
}


class Reader(HTMLParser):
    """Collects tags and words, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_tells_all_and_runs_nothing() -> None:
    made = page("vagus <1>", REPORT).decode()
    reader = Reader()
    reader.feed(made)
    assert reader.open == []
    assert "script" not in reader.seen
    assert "link" not in reader.seen
    text = " ".join(reader.words)
    for word in (
        "vagus <1>",
        "'<script>'",
        "stepwise-int8",
        "layer <gap> looks",
        "CONV_2D x 10",
        "face -1 to 1",
        "0.990",
    ):
        assert word in text
    assert made.count('<tr class="chosen">') == 1
    assert made.count('<tr class="refused">') == 1
    assert made.count("<rect") == 2
