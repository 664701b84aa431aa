"""What ``serve``, ``worker``, ``up``, ``demo`` and ``dev`` check before anything is served, called or sent (``web/start_checks``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tradepost.cli import opening
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

_BESIDE = "TRADEPOST_STARTS_BESIDE_ITS_MARKET"
BESIDE: Mapping[str, str] = {_BESIDE: "1"}
"""Environment of a web process that loads while its market is still being made. It answers 503 until the checks have passed."""
KEY_REMEDY = "Put back the secret key: the file {path}, or TRADEPOST_SECRET_KEY."


def starts_beside() -> bool:
    return _BESIDE in os.environ


def begin(config: Config) -> None:
    """Check everything, and store what a first start stores. Needs an open market. Raises ``Refused``."""
    from tradepost.market.base import clock
    from tradepost.market.web import start_checks

    _with_key(config, lambda: start_checks.begin(config, now=clock.wall()))


def is_away(fault: Exception) -> bool:
    """Whether the database may come back. One that lacks a table does not: SQLite reports both in the same way."""
    from django.db import InterfaceError, OperationalError

    return isinstance(fault, (InterfaceError, OperationalError)) and "no such" not in str(fault)


def check_before_migrating(config: Config) -> None:
    """Refuse a start of a known market before its tables are changed."""
    from tradepost.market.base import market_identity
    from tradepost.market.web import start_checks

    if (known := market_identity.identity_if_any()) is not None:
        _with_key(config, lambda: start_checks.refuse(start_checks.market_problems(config, known)))


def _with_key(config: Config, check: Callable[[], None]) -> None:
    """A key file that only this start made is removed again when the market has another key."""
    try:
        check()
    except Refused as refused:
        if refused.code != "market.secret_key" or not opening.key_was_missing():
            raise
        path = config.data / opening.KEY_FILE
        path.unlink(missing_ok=True)
        words = f"The secret key of this market is missing. {KEY_REMEDY.format(path=path.absolute())}"
        raise Refused(refused.code, words) from None
