"""A DNS resolver for tests: it gives set answers and counts the queries."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

type Answers = Sequence[Sequence[str]]
"""The addresses of a name, one look-up after the other; the last one is repeated."""


class Names:
    """Replaces ``socket.getaddrinfo``. A name without answers is never answered, until ``released`` is set."""

    def __init__(self, answers: Mapping[str, Answers]) -> None:
        self.asked: Counter[str] = Counter()
        self.released = threading.Event()
        self._answers = {name: list(answer) for name, answer in answers.items()}

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
