"""A request to the market and its answer, each on a separate connection. The body is bytes or an iterator over a
file."""

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
    """The connection failed: the market received nothing of the call."""


def exchange(
    request: Request, *, timeout: float, tls: ssl.SSLContext | None, body: Iterable[bytes] | None = None,
    limit: int = ANSWER_LIMIT,
) -> Response:  # fmt: skip
    """Return the answer with a body of up to ``limit`` bytes, without following redirects. ``timeout``: seconds for
    connecting and for each read. ``body``: replaces the request's own body; the headers must then contain its length.

    Raises ``NotSentError``, or ``OSError`` or ``http.client.HTTPException`` if part of the request may have been sent.
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
        # A market that refuses a body before reading all of it has already answered (§C.2: 413).
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
