"""The classifier in use: one modality made anew when its thread is stuck, the whole of it when a new bundle comes."""

from edge.bundle import Bundle
from edge.flow import Modality
from edge.inference.classifier import Classifier


class Judges:
    """What lanes ask for the classifier at every window and frame, so that it may change between two of them."""

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self.current = Classifier(bundle, threads)

    @property
    def bundle(self) -> Bundle:
        return self.current.bundle

    def renew(self, modality: Modality) -> None:
        """Load one modality's network anew: the old one belongs to a thread that never came back."""
        self.current = self.current.anew(modality)
