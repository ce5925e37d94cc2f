"""Why there are no pictures."""


class CameraError(OSError):
    """There are no pictures: the sentence says from where, why, and what would help."""

    hung = False
    """A thread waits inside a driver for what never comes; it was left behind."""


class AwayCameraError(CameraError):
    """A camera that is named rightly and is not there now; it may be plugged in later."""


class HungCameraError(CameraError):
    """A driver that neither gives a picture nor fails."""

    hung = True
