"""A load generator on raw sockets: prepared requests over kept connections, so that it costs less than the measured
server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .programs import ProgramFailed

CONNECTIONS = 16


async def _send_one(port: int, requests: Sequence[bytes], must_hold: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b""
    try:
        for request in requests:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().find(b"content-length:")
            if at < 0:
                raise ProgramFailed(f"an answer without a length: {head!r}")
            body = await reader.readexactly(int(head[at + 15 :].split(b"\r\n", 1)[0]))
            status = head[9:12]
            if not status.startswith(b"2") or must_hold not in body:
                raise ProgramFailed(f"an answer that is none: {head[:200]!r} {body[:300]!r}")
    finally:
        writer.close()
    return body


async def _send_all(port: int, requests: Sequence[bytes], must_hold: bytes, connections: int) -> tuple[float, bytes]:
    begun = time.perf_counter()
    bodies = await asyncio.gather(*(_send_one(port, requests[i::connections], must_hold) for i in range(connections)))
    return time.perf_counter() - begun, bodies[0]


def send(
    port: int, requests: Sequence[bytes], *, must_hold: bytes = b"", connections: int = CONNECTIONS
) -> tuple[float, bytes]:
    """Return requests per second, and the body of one answer. Every answer must be a success that contains
    ``must_hold``."""
    import uvloop

    spent, body = uvloop.run(_send_all(port, requests, must_hold, connections))
    return len(requests) / spent, body


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """Result of a request: milliseconds from its due time to the answer, the status, the content."""

    milliseconds: float
    status: int
    body: bytes


async def _send_on_schedule(port: int, requests: Sequence[tuple[str, bytes]], a_second: float) -> list[TimedAnswer]:
    loop = asyncio.get_running_loop()
    begin = loop.time() + 0.2

    async def one(position: int, source: str, request: bytes) -> TimedAnswer:
        due = begin + position / a_second
        await asyncio.sleep(due - loop.time())
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().find(b"content-length:")
            body = await reader.readexactly(int(head[at + 15 :].split(b"\r\n", 1)[0]))
        finally:
            writer.close()
        return TimedAnswer(1000 * (loop.time() - due), int(head[9:12]), body)

    return await asyncio.gather(*(one(at, *request) for at, request in enumerate(requests)))


def send_on_schedule(port: int, requests: Sequence[tuple[str, bytes]], *, a_second: float) -> list[TimedAnswer]:
    """Send each request at its due time, from a separate address of this machine on a new connection, independent of
    the others."""
    import uvloop

    return uvloop.run(_send_on_schedule(port, requests, a_second))


def raw_request(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
