"""A bundle changed while the daemon runs: proven and tried, or nothing changes."""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.bundle import Bundle, BundleError
from edge.bundle_floor import keep_floor
from edge.inference.classifier import Classifier
from edge.judges import Judges
from edge.judging import judging
from edge.settings import Settings, SettingsError, read_settings
from edge.worker import StuckError, Worker

log = logging.getLogger("vagus")

PROVE_S = 60.0
"""Signature, checksums, canary and first words take a second or two on a small board."""


class Swap:
    """Carries out `systemctl reload`: reads where the bundle is, opens it, and lets it take over."""

    def __init__(
        self, settings: Settings, config: Path | None, judges: Judges, open_bundle: Callable[[Settings], Bundle]
    ) -> None:
        self._settings = settings
        self._config = config
        self._judges = judges
        self._open = open_bundle
        judges.accepted = self._keep

    async def reload(self) -> bool:
        """Whether another bundle is in use now, on trial. What is wrong is said in the log, and changes nothing."""
        judges = self._judges
        try:
            with Worker("bundle") as worker:
                proven = await worker.do(PROVE_S, self._prove)
        except (BundleError, SettingsError, StuckError, OSError) as error:
            log.error("reload refused: %s; bundle %s stays in use", error, judges.bundle.label)
            return False
        if proven is None:
            log.warning(
                "reload: bundle %s is in use already; other settings are read at the next start", judges.bundle.label
            )
            return False
        log.warning("bundle %s takes over from %s, on trial", proven.bundle.label, judges.bundle.label)
        judges.adopt(proven)
        return True

    def _prove(self) -> Classifier | None:
        """A classifier of the bundle that is to be used; None when that is the one in use."""
        models = self._settings.models if self._config is None else read_settings(self._config).models
        found = self._open(msgspec.structs.replace(self._settings, models=models))
        if found.manifest == self._judges.bundle.manifest:
            return None
        judging(self._settings, found)
        return self._judges.prove(found)

    def _keep(self, bundle: Bundle) -> None:
        """A bundle that passed its trial may forbid those before it."""
        keep_floor(self._settings.state_path, bundle)
