"""The import of kubernetes-asyncio: light, and without a trace for whoever imports all of it."""

import subprocess
import sys

LIGHT = """
import sys
from cluster.library import load
library = load()
library.configuration()
left = [name for name in sys.modules if name.startswith("kubernetes_asyncio")]
assert left == [], left
import kubernetes_asyncio.client
assert kubernetes_asyncio.client.CoreV1Api and kubernetes_asyncio.client.ApiClient
before = kubernetes_asyncio.client
load()
assert sys.modules["kubernetes_asyncio.client"] is before
"""


def test_nothing_of_the_light_import_is_left_for_others() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", LIGHT], check=True, timeout=60)  # noqa: S603 - ours
