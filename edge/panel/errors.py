"""What can go wrong with the page, each with one sentence."""


class PanelError(ValueError):
    """The page cannot be served where the settings say."""


class SessionError(ValueError):
    """A recording cannot be started, changed or found; the sentence goes to the tester."""


class NotNowError(ValueError):
    """What the tester asked of the daemon cannot be done as things are; the sentence goes to the tester."""


class BusyError(RuntimeError):
    """As many pages are open as may be."""
