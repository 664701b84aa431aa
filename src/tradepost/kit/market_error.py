"""How a call to the market fails for a program that uses the kit."""

from __future__ import annotations

from collections.abc import Callable

from tradepost.protocols.open_api.bodies import BadBody
from tradepost.protocols.open_api.order_query import NotAnOrder


class MarketError(Exception):
    """The market refused or could not be reached.

    ``code`` is its result code (``MKT.…``, ``CBC.…``, ``APIG.…``), or ``unreachable``, or ``unreadable`` for an answer
    that is not what the API documents; ``status`` the HTTP status, 0 when there was none; ``retry_after`` in seconds,
    when the market says how long to wait (a 406, 413, 429 or 503; a 413 or 412 without it will not pass unchanged).
    ``sent``: False when it is certain that the market saw nothing of the call. ``wrong_records``: of a refused push of usage how
    many records are at fault, when the market says so.
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
    """What a successful answer says. Raises ``MarketError`` for one that is not what the API documents."""
    try:
        return load()
    except (BadBody, NotAnOrder) as error:
        raise MarketError("unreadable", str(error), status=200) from error
