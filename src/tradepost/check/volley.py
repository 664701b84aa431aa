"""Sends requests at the same moment: all but the last byte of each first, then the last bytes of all.

Threads that only start together spread out on a busy machine. A seller that fails with many requests at once would pass
there, since it never gets many at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Event
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .http_client import Hold

if TYPE_CHECKING:
    from .answers import Answer
    from .http_client import LastByte

MAX_HOLD_SECONDS = 5.0
"""Seconds until the last bytes are sent although some requests are not ready."""
MAX_STILL_SECONDS = 0.8
"""Seconds to wait for the next request to become ready. A seller with a short queue drops connections, and the system
repeats them after a second. The seller must be working by then, or its queue would look shorter than it is."""
MIN_SHARE = 0.4
"""Share of the requests that must be under way at the same moment: 20 of 50. Fast sellers answer the first requests
while the last ones are being sent, so not all of them can be required."""
MAX_SPREAD_SECONDS = 0.1
"""Seconds between the first and the last request that count as the same moment for any seller. A very fast seller has
answered most requests by then. That is not the fault of this machine."""


class Volley:
    """Requests that are sent at the same moment. Each instance sends once.

    ``under_way``: requests that were sent and not answered when the last one was sent. ``spread``: seconds between the
    first and the last one. ``late``: requests that this machine could not prepare in time; connections that waited in
    the seller's queue or were refused do not count.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.under_way = self.late = 0
        self.spread = 0.0
        self._ready: list[LastByte] = []
        self._ended_early = 0
        self._errors: dict[int, OSError] = {}
        self._is_released = False
        self._sent = Event()
        self._changed = Condition()

    @property
    def together(self) -> bool:
        """Whether the seller got the requests at the same moment, as far as that depends on this machine."""
        if self.under_way >= self.number * MIN_SHARE:
            return True
        return self.spread <= MAX_SPREAD_SECONDS and not self.late

    @property
    def reason(self) -> Text:
        """The reason why the seller cannot be judged."""
        return Text(
            en=(
                f"this machine was too busy to send {self.number} requests at the same moment: only {self.under_way} "
                "were in progress together. Repeat the check when the machine has less to do"
            ),
            zh=f"本机负载过高，无法同时发送{self.number}个请求：同时处理中的请求只有{self.under_way}个。请在负载较低时重新检测",
        )

    def run(self, send: Callable[[int, Hold], Answer]) -> list[Answer]:
        """Return the answers of ``send``, which sends the request with this index and holds its last byte."""
        with ThreadPoolExecutor(self.number) as threads:
            try:
                futures = [threads.submit(self._send, send, index) for index in range(self.number)]
                self._wait_until_ready()
            finally:
                self._release()
            answers = [future.result() for future in futures]
        held_back = sum(answer.received.queued or answer.received.unreachable for answer in answers)
        self.late = max(0, self.number - len(self._ready) - held_back)
        return answers

    def _send(self, send: Callable[[int, Hold], Answer], index: int) -> Answer:
        is_ready = False

        def hold(last_byte: LastByte) -> None:
            nonlocal is_ready
            is_ready = True
            self._hold(last_byte)

        try:
            return send(index, Hold(hold, lambda: self._is_released))
        finally:
            if not is_ready:
                with self._changed:
                    self._ended_early += 1
                    self._changed.notify_all()

    def _hold(self, last_byte: LastByte) -> None:
        with self._changed:
            if self._is_released:
                return
            self._ready.append(last_byte)
            self._changed.notify_all()
        self._sent.wait()
        if error := self._errors.get(id(last_byte)):
            raise error

    def _wait_until_ready(self) -> None:
        """Wait until every request is ready or has ended early, for example because its connection was refused."""
        end = time.monotonic() + MAX_HOLD_SECONDS
        with self._changed:
            while len(self._ready) + self._ended_early < self.number:
                seconds_left = end - time.monotonic()
                if seconds_left <= 0 or not self._changed.wait(min(MAX_STILL_SECONDS, seconds_left)):
                    return

    def _release(self) -> None:
        """Send the last bytes. One thread does so: it needs less than a time slice, while a thread for each would wait
        for its turn."""
        with self._changed:
            self._is_released = True
        try:
            for last_byte in self._ready:
                try:
                    last_byte.send()
                except OSError as error:
                    self._errors[id(last_byte)] = error
            sent = [last_byte for last_byte in self._ready if last_byte.sent_at]
            self.under_way = sum(not last_byte.answered for last_byte in sent)
            if sent:
                self.spread = sent[-1].sent_at - sent[0].sent_at
        finally:
            self._sent.set()
