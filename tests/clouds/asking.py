"""Shared by tests of clouds: the request for a server, and waiting for the cloud as a task of the market does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tradepost.market.compute.contract import Login, NewServer, ObservedServer, State, SystemImage
from tradepost.market.compute.labels import labels_of, token_of_server

MARKET_ID = "0123456789abcdef0123456789abcdef"
TOKEN = token_of_server(12_345, MARKET_ID)
LOGIN = Login(user_name="root", password="Ab3cdefghijkmnopqrst")
IMAGE = SystemImage(reference="asset:1", name="Engine")
OTHER = SystemImage(reference="ubuntu-24.04")
NAME = "web 1 (测试)"
"""As a buyer may type it; some clouds allow fewer characters."""
MAX_STEPS = 20


class UnderTest(Protocol):
    @property
    def adapter(self) -> Any: ...
    def servers(self) -> list[str]: ...
    def tags(self, server_id: str) -> dict[str, str]: ...
    def image_of(self, server_id: str) -> str: ...
    def disks(self) -> int: ...
    def disk_changes(self) -> int: ...
    def refuse(self, what: str) -> None: ...
    def refuse_all(self, status: int) -> None: ...


def wait_until_finished(adapter: Any, ask: Callable[[], ObservedServer]) -> ObservedServer:
    """Repeat the request as a task of the market does, until the cloud has finished."""
    seen = ask()
    for _step in range(MAX_STEPS):
        if seen.state is State.UNFINISHED:
            seen = ask()
        elif seen.state is State.CHANGING:
            seen = adapter.observe([seen.server_id]).get(
                seen.server_id, ObservedServer(server_id=seen.server_id, state=State.GONE)
            )
        else:
            return seen
    raise AssertionError(f"still {seen.state}")


def created(cloud: UnderTest, token: str = TOKEN, *, market: str = MARKET_ID, size: str = "s1") -> ObservedServer:
    wanted = NewServer(
        name=NAME, size=size, image=IMAGE, login=LOGIN, labels=labels_of(token, market=market, order="CS1")
    )  # fmt: skip
    return wait_until_finished(cloud.adapter, lambda: cloud.adapter.create(wanted, token=token))
