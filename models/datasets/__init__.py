"""Recordings people made, read from disk: one loader a data set, its licence and citation in its docstring."""

from pathlib import Path


class DatasetError(ValueError):
    """A file of recordings cannot be used; the sentence says which file, what is wrong, and what would work."""

    def __init__(self, sentence: str, path: Path) -> None:
        super().__init__(sentence)
        self.path = path
