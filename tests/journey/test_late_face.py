"""A face that took longer to judge than it may speak for says nothing, and ends nothing."""

import asyncio
from pathlib import Path

from edge.demo import DemoPlan, face_source
from edge.service import open_service
from edge.settings import CameraSettings, ModelSettings, Settings


async def test_a_machine_that_is_too_slow_for_faces_goes_on(tmp_path: Path) -> None:
    settings = Settings(
        state_dir=str(tmp_path),
        camera=CameraSettings(source=face_source(DemoPlan()), loop=True, fps=20),
        models=ModelSettings(face_fresh_s=1e-6),
    )
    stop = asyncio.Event()
    async with asyncio.timeout(60), open_service(settings) as service, asyncio.TaskGroup() as lanes:
        daemon = service.daemon
        running = lanes.create_task(daemon.run(stop))
        while daemon.health.dropped["late_face"] < 3 and not running.done():
            await daemon.onlooker.next_frame()
        stop.set()
    assert daemon.prediction is None
    assert daemon.losses()["late_face"] >= 3
