"""The exception for failed calls to the market."""

from __future__ import annotations

from collections.abc import Callable

from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.order_query import InvalidOrder


class MarketError(Exception):
    """The market refused a call or could not be reached.

    ``code``: its result code (``MKT.…``, ``CBC.…``, ``APIG.…``), ``unreachable``, or ``unreadable`` for an answer that
    does not match the API. ``status``: of HTTP, 0 without an answer. ``retry_after``: seconds to wait, if the market
    states them (a 406, 413, 429 or 503; a 413 or 412 without it cannot succeed unchanged). ``sent``: False if the
    market certainly received nothing. ``wrong_records``: number of faulty records in a refused usage push, if stated.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        retry_after: int | None = None,
        sent: bool = True,
        wrong_records: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.sent = sent
        self.wrong_records = wrong_records


def read_answer[T](load: Callable[[], T]) -> T:
    """Parse a successful answer. Raises ``MarketError`` if it does not match the API."""
    try:
        return load()
    except (BadBody, InvalidOrder) as error:
        raise MarketError("unreadable", str(error), status=200) from error
