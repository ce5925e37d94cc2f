"""Run by an arm64 Python: opens a bundle as a device does, and tells the processor, the runtime and the networks."""

import json
import platform
import sys
from pathlib import Path

from edge.bundle import Bundle


def main() -> None:
    """Arguments: the bundle's directory. Prints one JSON object; a refusal ends it with a traceback."""
    bundle = Bundle.open(Path(sys.argv[1]))
    networks = [name for name, _ in bundle.contract.networks()]
    told = {"machine": platform.machine(), "python": platform.python_version(), "networks": networks}
    print(json.dumps(told | {"runtime": bundle.network(networks[0]).runtime}))


if __name__ == "__main__":
    main()
