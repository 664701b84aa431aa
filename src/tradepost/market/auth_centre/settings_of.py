"""What the market's settings say of the auth centre: the one place of this context that reads them, for its pages."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from tradepost.market.base.config import config

from .cas_answers import Format
from .lockout import Lockout


class Lives(Struct, frozen=True, kw_only=True):
    """How long things hold."""

    code: timedelta
    access_token: timedelta
    refresh_token: timedelta
    ticket: timedelta
    sign_in: timedelta
    signing_key: timedelta


def lives() -> Lives:
    settings = config()
    return Lives(
        code=timedelta(seconds=settings.authorization_code_seconds),
        access_token=timedelta(seconds=settings.access_token_seconds),
        refresh_token=timedelta(days=settings.refresh_token_days),
        ticket=timedelta(seconds=settings.cas_ticket_seconds),
        sign_in=timedelta(hours=settings.sign_in_hours),
        signing_key=timedelta(days=settings.signing_key_days),
    )


def lockout() -> Lockout:
    settings = config()
    return Lockout(
        free=settings.sign_in_free_tries,
        first=timedelta(seconds=settings.sign_in_lock_seconds),
        most=timedelta(seconds=settings.sign_in_lock_most_seconds),
    )


def cas_default_format() -> Format:
    return config().cas_default_format


def asks_for_consent() -> bool:
    return config().ask_for_consent


def market_address() -> str:
    """Of the market's own pages."""
    return config().base_url


def address_of(code: str) -> str:
    """Of an enterprise's auth centre; also the issuer of what it says (openapi-jointkit B.1)."""
    return config().auth_centre_of(code)
