"""One request to the market and its answer, on a connection of its own; a body may be held, or read from where it lies."""

from __future__ import annotations

import http.client
from contextlib import suppress
from typing import TYPE_CHECKING

from tradepost.protocols.http import Request, Response

from .connecting import route_to

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

ANSWER_LIMIT = 4 * 1024 * 1024


class NotSentError(Exception):
    """The connection could not be made: the market has seen nothing of the call."""


def exchange(
    request: Request, *, timeout: float, tls: ssl.SSLContext | None, body: Iterable[bytes] | None = None,
    limit: int = ANSWER_LIMIT,
) -> Response:  # fmt: skip
    """The answer, with a body of up to ``limit`` bytes; redirects are not followed. ``timeout``: seconds for connecting and each
    read; ``body`` in the place of the request's own, whose length its headers then tell.

    Raises ``NotSentError``, and ``OSError`` or ``http.client.HTTPException`` once something may have been sent.
    """
    try:
        route = route_to(request.url, timeout=timeout, tls=tls)
    except OSError as error:
        raise NotSentError from error
    connection = route.connection
    try:
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            raise NotSentError from error
        headers = {**dict(request.headers), **route.headers}
        # A market that refuses a body without reading it to its end has answered already (§C.2: 413).
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(request.method, route.target, body=body or request.body or None, headers=headers)
        answer = connection.getresponse()
        content = answer.read(limit + 1)
        if len(content) > limit:
            raise http.client.HTTPException(f"the answer is longer than {limit} bytes")
        if answer.length:
            raise http.client.IncompleteRead(content, answer.length)
        return Response(answer.status, tuple(answer.getheaders()), content)
    finally:
        connection.close()
