"""A connection to a seller that gives one answer to one request: bytes nobody asked for end it, and so do too many.

aiohttp keeps a connection for the next call and takes whatever came meanwhile as that call's answer. A seller whose
server writes twice would so be believed to have released an instance that it was never asked about. It has no setting for
that, nor for the class of its connections.

Written against aiohttp 3.14.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, override

import aiohttp
from aiohttp.client_proto import ResponseHandler

MIN_FINAL_STATUS = 200
SWITCHING_PROTOCOLS = 101
MAX_INTERIM = 16
"""Interim answers that one request may cause; parsing megabytes of them would hold up everybody's calls."""


class ResponseTooLong(aiohttp.ClientError):
    """More came than any answer can have: chunk extensions, blank lines or interim answers without end."""


class SingleAnswerHandler(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop, *, most: int) -> None:
        super().__init__(loop)
        self._most = most
        self._came = self._interim = 0
        self._answer: aiohttp.StreamReader | None = None
        """The body of the answer to the request that was sent last, once its head is there."""

    @override
    def set_response_params(self, **params: Any) -> None:  # called before each request
        self._came, self._interim, self._answer = 0, 0, None
        super().set_response_params(**params)

    @override
    def feed_data(self, data: Any, size: int = 0) -> None:  # called with each head that was read
        message, body = data
        if message.code >= MIN_FINAL_STATUS or message.code == SWITCHING_PROTOCOLS:
            self._answer = body
        else:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._refuse(f"more than {MAX_INTERIM} interim answers (HTTP 1xx) came")
                return
        super().feed_data(data, size)

    @override
    def data_received(self, data: bytes) -> None:
        if data and self._answer is not None and self._answer.is_eof():  # aiohttp itself hands on what is left: nothing
            self.force_close()
            if self.transport is not None:
                self.transport.close()
            return
        self._came += len(data)
        if self._came > self._most:
            self._refuse(f"more than {self._most} bytes came")
            return
        super().data_received(data)

    def _refuse(self, reason: str) -> None:
        if self.transport is not None:
            self.transport.abort()
        error = ResponseTooLong(reason)
        self.set_exception(error)
        if self._answer is not None:
            self._answer.set_exception(error)


def limit_to_one_answer(connector: aiohttp.TCPConnector, *, most: int) -> None:
    """Make the connector's connections so; aiohttp offers no setting for it."""
    make = partial(SingleAnswerHandler, asyncio.get_running_loop(), most=most)
    connector._factory = make  # type: ignore[assignment]  # noqa: SLF001  # a partial of a subclass, invariant by its type
