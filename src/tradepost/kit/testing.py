"""Tools for a seller's tests: a market that calls without a socket, and a server in the test process."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tradepost.protocols import registry
from tradepost.protocols.commands import Done

from .serve import running

if TYPE_CHECKING:
    from tradepost.protocols.commands import CallResult, Command

    from .seller import Seller

__all__ = ["Market", "running"]

ADDRESS = "https://seller.example.com/produce"


@dataclass(frozen=True, slots=True)
class Market:
    """Signs like a market, passes the request to the seller, and verifies the answer.

    >>> Market(seller, key="the seller's key").ask(Create(order_id="CS1", order_line_id="CS1-1", business_id="b1"))
    """

    seller: Seller
    key: str = field(repr=False)
    protocol: str = "saas_v2"

    def call(self, command: Command, *, now: datetime | None = None) -> CallResult:
        """Return the seller's result, whether success or failure."""
        moment = now or datetime.now(UTC)
        version = registry.protocol(self.protocol)
        request = version.encode(command, address=ADDRESS, key=self.key, now=moment, nonce=secrets.token_hex(16))
        response = self.seller.respond(request, moment, secrets.token_hex(16), protocol=self.protocol)
        return version.decode(command, response, key=self.key)

    def ask(self, command: Command, *, now: datetime | None = None) -> Done:
        """Return the seller's success. Raises ``AssertionError`` with the actual result otherwise."""
        outcome = self.call(command, now=now)
        if not isinstance(outcome, Done):
            raise AssertionError(f"{type(command).__name__} was answered {outcome}")  # noqa: TRY004  # a test fails
        return outcome
