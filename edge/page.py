"""The daemon, as the page shows it: what edge/panel asks for, read from the rooms that know."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import cv2

from edge.baseline_store import BaselineError
from edge.check import Check
from edge.checkup import checks, support, troubles
from edge.clock import HostNs, SystemClock, seconds
from edge.daemon import Daemon
from edge.flow import Frame, Prediction, Samples
from edge.health import ProcessMeter
from edge.page_camera import camera_seen
from edge.page_plan import plan_seen
from edge.page_radio import Bluetooth
from edge.page_reach import Reach
from edge.page_rest import rest_seen
from edge.panel.errors import NotNowError
from edge.panel.served import Panel
from edge.panel.server import open_panel
from edge.panel.snapshot import (
    AlertSeen,
    CameraSeen,
    DeviceClock,
    Journey,
    Judgement,
    PlanWord,
    RelaySeen,
    Snapshot,
    WatchSeen,
)
from edge.relay.address import BrokerAddress
from edge.settings import Settings
from firmware_bridge.links import Packet

_SHOWN_WIDTH = 480
"""A picture is shown this wide at most: enough to see how the face is lit."""
_LINK = ("lost", "late", "duplicate", "garbage", "restart", "reconnects", "dropped", "link")


def open_page(
    settings: Settings, daemon: Daemon, clock: SystemClock, broker: BrokerAddress, config: Path | None
) -> AbstractAsyncContextManager[Panel]:
    """Serve the page for this daemon; recordings go to `recordings` in the state directory."""
    source = DaemonPage(settings, daemon, clock, broker)
    radio = Bluetooth(settings, config, daemon.follow if clock.speed == 1 else None)
    return open_panel(settings.panel, source, radio, clock, settings.state_path / "recordings")


class DaemonPage:
    """The `Source` of the page."""

    def __init__(self, settings: Settings, daemon: Daemon, clock: SystemClock, broker: BrokerAddress) -> None:
        self._settings = settings
        self._daemon = daemon
        self._clock = clock
        self._broker = broker
        self._started = clock.now()
        self._meter = ProcessMeter(self._started)
        self._reach = Reach()

    def attend(self, tap: Callable[[Samples], None] | None) -> None:
        self._daemon.onlooker.tap = tap

    def record(self, keep: Callable[[Packet], None] | None) -> None:
        self._daemon.onlooker.keep = keep

    def force_plan(self, word: PlanWord) -> None:
        self._daemon.orders.force_plan(word)

    def measure_rest(self) -> None:
        try:
            self._daemon.baseline_start()
        except BaselineError as error:
            raise NotNowError(str(error)) from error

    def at_rest(self) -> bool:
        return self._daemon.baseline_progress is not None

    def leave_rest(self) -> None:
        self._daemon.resting.stop()

    def forget_rest(self) -> None:
        try:
            self._daemon.baseline_forget()
        except BaselineError as error:
            raise NotNowError(str(error)) from error

    async def picture(self) -> bytes | None:
        if not self._settings.camera.source:
            return None
        return await asyncio.to_thread(_jpeg, await self._daemon.onlooker.next_frame())

    async def checks(self) -> tuple[Check, ...]:
        return await asyncio.to_thread(checks, self.snapshot(), self._settings)

    async def support(self) -> Mapping[str, object]:
        shot = self.snapshot()
        return await asyncio.to_thread(support, shot, checks(shot, self._settings), self._settings)

    def snapshot(self) -> Snapshot:
        daemon, now = self._daemon, self._clock.now()
        prediction, health = daemon.prediction, daemon.health
        decision, (snooze_minutes, kept_back) = self._settings.decision, daemon.orders.quiet
        shot = Snapshot(
            device=self._settings.mqtt.device,
            bundle=daemon.bundle.label,
            speed=self._clock.speed,
            stream_ms=self._clock.stream(now) // 1_000_000,
            up_s=round(seconds(now - self._started), 1),
            state=daemon.state.value,
            reason="" if daemon.decision is None else daemon.decision.reason,
            threshold=decision.on,
            judgement=None if prediction is None else self._judgement(prediction, now),
            journey=self._journey(prediction),
            watch=self._watch(now),
            camera=self._camera(now),
            plan=plan_seen(daemon, self._clock),
            rest=rest_seen(daemon),
            relay=self._relay(),
            alerts=tuple(
                AlertSeen(a.sequence, a.kind, a.reason, round(a.confidence, 3), a.inferred_unix_ns // 1_000_000)
                for a in daemon.alerts
            ),
            losses={name: n for name, n in sorted(daemon.losses().items()) if n},
            skipped=dict(health.skipped),
            predictions=dict(health.predictions),
            memory_mb=round(self._meter.sample(), 1),
            cpu_percent=self._meter.cpu_percent(now),
            activity=None if daemon.activity is None else daemon.activity.level,
            leads=dict(daemon.leads.words),
            level=None if daemon.decision is None else round(daemon.decision.level, 3),
            own_level=decision.own_level > 0,
            snooze_minutes=snooze_minutes,
            kept_back=kept_back,
        )
        return replace(shot, troubles=troubles(shot, self._settings))

    def _judgement(self, p: Prediction, now: HostNs) -> Judgement:
        emotion = None if p.emotion is None else {name: round(v, 3) for name, v in p.emotion.items()}
        sources = tuple(sorted(m.value for m in p.modalities))
        return Judgement(
            round(p.stress, 3), _rounded(p.wrist), _rounded(p.face), emotion, sources, _age_s(p.inferred, now),
            _rounded(p.ecg), _rounded(p.eeg),
        )  # fmt: skip

    def _journey(self, prediction: Prediction | None) -> Journey:
        published, waited_ns = self._daemon.health.sensor_to_puback.summary(), self._daemon.onlooker.waited_ns
        return Journey(
            sensor_ms=None if waited_ns is None else round(max(0, waited_ns) / 1e6 / self._clock.speed, 1),
            infer_ms=None if prediction is None else round((prediction.inferred - prediction.received) / 1e6, 1),
            publish_p50_ms=published["p50"],
            publish_p99_ms=published["p99"],
            published=int(published["n"] or 0),
        )

    def _watch(self, now: HostNs) -> WatchSeen:
        seen, clock = self._daemon.onlooker, self._daemon.device_clock
        losses = self._daemon.losses()
        return WatchSeen(
            link=self._daemon.watch_address.partition(":")[0],
            silent_s=None if seen.heard is None else _age_s(seen.heard, now),
            packets=seen.packets,
            battery=seen.battery,
            counts={name: losses[name] for name in _LINK if losses[name]},
            clock=DeviceClock(
                round(clock.offset_ns / 1e6, 1), round(clock.drift_ppm, 1), round(clock.uncertainty_ns / 1e6, 2)
            )
            if clock.buckets
            else None,
            lost_share=self._reach.take(now, seen.packets, losses["lost"]),
        )

    def _camera(self, now: HostNs) -> CameraSeen:
        daemon, source = self._daemon, self._settings.camera.source
        word = daemon.sensors().get("camera", "")  # none for a camera that is not set, or of no use to the bundle
        resting, paused = word == "resting", daemon.orders.camera_paused
        return camera_seen(
            source, daemon.onlooker, daemon.health, now, resting=resting, paused=paused, unused=not word,
            quiet_s=daemon.steering.quiet_s,
        )  # fmt: skip

    def _relay(self) -> RelaySeen:
        relay = self._daemon.relay
        ours = not self._settings.mqtt.broker
        return RelaySeen(
            str(self._broker),
            ours,
            relay.connected,
            relay.trouble,
            relay.pending,
            self._daemon.health.acked,
            relay.durable,
        )


def _jpeg(frame: Frame) -> bytes | None:
    height, width = frame.image.shape[:2]
    scale = min(1.0, _SHOWN_WIDTH / width)
    small = cv2.resize(frame.image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    fine, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return jpeg.tobytes() if fine else None


def _age_s(then: HostNs, now: HostNs) -> float:
    return round(max(0.0, seconds(now - then)), 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
