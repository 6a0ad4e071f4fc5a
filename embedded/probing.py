"""One look at whether an HTTP server answers, without loading an HTTP client for it."""

import asyncio


async def answers(host: str, port: int, path: str, *, status: int | None = None) -> bool:
    """Whether GET `path` is answered within 5 s, with `status` when one is given."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return _fits(await reader.readline(), status)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _fits(status_line: bytes, status: int | None) -> bool:
    # b"HTTP/1.1 200 OK\r\n"
    parts = status_line.split()
    return len(parts) > 1 and (status is None or parts[1] == str(status).encode())
