"""What people may ask of the running daemon, by MQTT or on its page: obeyed, and what holds then told back."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.baseline_store import BaselineError
from edge.relay.commands import BASELINE, CAMERA, PLAN, SNOOZE, Command, Commands
from edge.snooze import Snooze
from edge.whole_file import sync_folder

log = logging.getLogger("vagus")

ON, PAUSED = CAMERA.words
PAUSE_FILE = "camera-paused"
"""A person who does not want to be seen stays unseen when the daemon is started again."""
IDLE = "idle"


class Seen(Protocol):
    """The camera, as far as orders reach."""

    @property
    def paused(self) -> bool: ...

    @paused.setter
    def paused(self, paused: bool) -> None: ...


class Steered(Protocol):
    """How closely is measured, as far as orders reach."""

    @property
    def word(self) -> str: ...


class Measuring(Protocol):
    """The daemon, as far as orders reach: the measurement of a person at rest, and by which plan it measures."""

    @property
    def steering(self) -> Steered: ...

    @property
    def baseline_progress(self) -> float | None: ...

    def baseline_start(self) -> None: ...


class Orders:
    """Each order is carried out at once and answers with what holds then, in the words of its command."""

    def __init__(self, camera: Seen | None, measuring: Measuring | None, snooze: Snooze, state: Path) -> None:
        """``camera`` None when there is none, ``measuring`` None when nothing is."""
        self.force: Callable[[str], str] | None = None
        """Forces a sampling plan by its word and says which holds; None when plans are fixed."""
        self._camera = camera
        self._measuring = measuring
        self._snooze = snooze
        self._state = state
        self._commands: Commands | None = None
        self._told: dict[str, str] = {}
        if camera is not None:
            camera.paused = (state / PAUSE_FILE).exists()

    @property
    def quiet(self) -> tuple[int, int]:
        """Minutes that a snooze has left, 0 without one, and the alerts that it has kept back."""
        return self._snooze.minutes_left, self._snooze.kept_back

    @property
    def camera_paused(self) -> bool:
        """Somebody does not want to be seen; False without a camera."""
        return self._camera is not None and self._camera.paused

    def offer(self, commands: Commands) -> None:
        """Hear the orders that this daemon can obey."""
        self._commands = commands
        acts: dict[Command, Callable[[str], str]] = {SNOOZE: lambda minutes: self.snooze(int(minutes))}
        if self._camera is not None:
            acts[CAMERA] = lambda word: self.pause_camera(word == PAUSED)
        if self._measuring is not None:
            acts[BASELINE] = lambda _: self.start_baseline()
        if self.force is not None:
            acts[PLAN] = self.force_plan
        for command, act in acts.items():
            self._told[command.name] = now = self._now(command)
            commands.offer(command, act, now)

    def tell(self) -> None:
        """Say what has changed by itself, such as the minutes left of a snooze; called once a second."""
        for command in (SNOOZE, CAMERA, BASELINE, PLAN):
            now = self._now(command)
            if self._commands is not None and self._told.get(command.name, now) != now:
                self._told[command.name] = now
                self._commands.tell(command, now)

    def pause_camera(self, paused: bool) -> str:
        """Let the camera's device go, or open it again; it stays as it was asked for over restarts."""
        if self._camera is None:
            return PAUSED
        self._camera.paused = paused
        log.warning("the camera is %s, as asked", PAUSED if paused else ON)
        try:
            if paused:
                self._state.mkdir(parents=True, exist_ok=True)
                (self._state / PAUSE_FILE).touch()
                sync_folder(self._state)
            else:
                with contextlib.suppress(FileNotFoundError):  # nothing was ever kept there
                    (self._state / PAUSE_FILE).unlink(missing_ok=True)
                    sync_folder(self._state)
        except OSError as error:
            log.error("a restart may forget it: %s cannot be written (%s)", self._state / PAUSE_FILE, error.strerror)
        return self._now(CAMERA)

    def snooze(self, minutes: int) -> str:
        """No alerts for so many minutes, 0 ends it; what is kept back is told at the end. A restart ends it, too."""
        self._snooze.start(minutes)
        log.warning("alerts are snoozed for %d minutes, as asked", minutes)
        return self._now(SNOOZE)

    def force_plan(self, word: str) -> str:
        """Measure by this plan until told otherwise; `auto` lets the daemon choose again."""
        if self.force is not None:
            return self.force(word)
        return self._now(PLAN)

    def start_baseline(self) -> str:
        """Take the next minutes as the person at rest."""
        if self._measuring is not None:
            try:
                self._measuring.baseline_start()
            except BaselineError as error:
                log.warning("no baseline was started: %s", error)
        return self._now(BASELINE)

    def _now(self, command: Command) -> str:
        if command == CAMERA:
            return PAUSED if self._camera is None or self._camera.paused else ON
        if command == SNOOZE:
            return str(self._snooze.minutes_left)
        if command == BASELINE:
            progress = self._measuring.baseline_progress if self._measuring is not None else None
            return IDLE if progress is None else f"{10 * int(10 * progress)} %"
        return PLAN.words[0] if self._measuring is None else self._measuring.steering.word
