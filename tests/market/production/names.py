"""A name server of the test's own: what the machine is told when it asks for a name, and how often it asked."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

type Answers = Sequence[Sequence[str]]
"""What a name leads to, one look-up after the other; the last answer again and again."""


class Names:
    """Stands in for ``socket.getaddrinfo``. A name without answers is never answered, until ``released`` is set."""

    def __init__(self, answers: Mapping[str, Answers]) -> None:
        self.asked: Counter[str] = Counter()
        self.released = threading.Event()
        self._answers = {name: list(given) for name, given in answers.items()}

    def __call__(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> list[tuple[Any, ...]]:
        self.asked[host] += 1
        answers = self._answers.get(host)
        if answers is None:
            self.released.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no server answered")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [_entry(address, port) for address in addresses]


def _entry(address: str, port: int) -> tuple[Any, ...]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)
