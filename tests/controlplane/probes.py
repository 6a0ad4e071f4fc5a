"""How one sees that a part of the control plane serves."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import orjson

from embedded.ports import HOST
from embedded.probing import answers
from tests.controlplane.layout import Layout

Ready = Callable[[], Coroutine[None, None, bool]]


async def at_once() -> bool:
    """A part that others wait for as soon as it works: nothing has to be seen of it."""
    return True


def etcd(layout: Layout) -> Ready:
    """It has a leader."""
    return lambda: answers(HOST, layout.etcd_port, "/health", status=200)


def api_server(layout: Layout) -> Ready:
    """Every one of its checks passes, its own first objects among them."""

    async def ready() -> bool:
        return await get(layout, "/readyz") == b"ok"

    return ready


def controllers(layout: Layout) -> Ready:
    """They gave a namespace its service account, without which no pod can be made there."""

    async def ready() -> bool:
        return bool(await get(layout, "/api/v1/namespaces/default/serviceaccounts/default"))

    return ready


def storage(layout: Layout) -> Ready:
    """Claims that name no class get one."""

    async def ready() -> bool:
        return bool(await get(layout, "/apis/storage.k8s.io/v1/storageclasses/unattachable"))

    return ready


def nodes(layout: Layout, count: int) -> Ready:
    """So many nodes take pods."""

    async def ready() -> bool:
        answer = await get(layout, "/api/v1/nodes")
        return len([node for node in orjson.loads(answer)["items"] if _takes_pods(node)]) >= count if answer else False

    return ready


async def get(layout: Layout, path: str) -> bytes:
    """The body of an answer of the API server; empty where it answers anything but 200, or not at all."""
    try:
        async with asyncio.timeout(5):
            trusted = ssl.create_default_context(cafile=layout.certificate)
            reader, writer = await asyncio.open_connection(HOST, layout.api_port, ssl=trusted)
            try:
                head = f"GET {path} HTTP/1.0\r\nHost: {HOST}\r\nAuthorization: Bearer {layout.token}\r\n\r\n"
                writer.write(head.encode())
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
    status, _, body = answer.partition(b"\r\n\r\n")
    return body if b" 200 " in status.split(b"\r\n")[0] else b""


def _takes_pods(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions") or []
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and not node["spec"].get("taints")
