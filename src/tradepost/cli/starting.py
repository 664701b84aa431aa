"""Checks of ``serve``, ``worker``, ``up``, ``demo`` and ``dev`` before they serve or call anything
(``web/start_checks``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tradepost.cli import opening
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

_BESIDE_VARIABLE = "TRADEPOST_STARTS_BESIDE_ITS_MARKET"
BESIDE_ENVIRONMENT: Mapping[str, str] = {_BESIDE_VARIABLE: "1"}
"""Environment of a web process that loads while its market is being created. It answers 503 until the checks have
passed."""
KEY_REMEDY = "Put back the secret key: the file {path}, or TRADEPOST_SECRET_KEY."


def starts_beside() -> bool:
    return _BESIDE_VARIABLE in os.environ


def begin(config: Config) -> None:
    """Run all checks, and store the data of a first start. Needs an open market. Raises ``Refused``."""
    from tradepost.market.base import clock
    from tradepost.market.web import start_checks

    _with_key(config, lambda: start_checks.begin(config, now=clock.wall()))


def is_database_away(fault: Exception) -> bool:
    """Return whether the database may become available again. SQLite reports a missing table with the same
    exception."""
    from django.db import InterfaceError, OperationalError

    return isinstance(fault, (InterfaceError, OperationalError)) and "no such" not in str(fault)


def check_before_migrating(config: Config) -> None:
    """Refuse a start of a known market before its tables change."""
    from tradepost.market.base import market_identity
    from tradepost.market.web import start_checks

    if (identity := market_identity.identity_if_any()) is not None:
        _with_key(config, lambda: start_checks.refuse(start_checks.market_problems(config, identity)))


def _with_key(config: Config, check: Callable[[], None]) -> None:
    """If the market has another key, remove a key file that this start created."""
    try:
        check()
    except Refused as refusal:
        if refusal.code != "market.secret_key" or not opening.key_was_missing():
            raise
        path = config.data / opening.KEY_FILE
        path.unlink(missing_ok=True)
        words = f"The secret key of this market is missing. {KEY_REMEDY.format(path=path.absolute())}"
        raise Refused(refusal.code, words) from None
