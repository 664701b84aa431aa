"""Settings of the auth centre. Only this module of the context reads the configuration."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.identity import limits
from tradepost.market.identity.limits import Delays

from .cas_answers import Format


class Lifetimes(Struct, frozen=True, kw_only=True):
    """Lifetimes of codes, tokens, tickets, sign-ins and keys."""

    code: timedelta
    access_token: timedelta
    refresh_token: timedelta
    ticket: timedelta
    sign_in: timedelta
    signing_key: timedelta


def lifetimes() -> Lifetimes:
    settings = config()
    return Lifetimes(
        code=timedelta(seconds=settings.auth_centre.authorization_code_seconds),
        access_token=timedelta(seconds=settings.auth_centre.access_token_seconds),
        refresh_token=timedelta(days=settings.auth_centre.refresh_token_days),
        ticket=timedelta(seconds=settings.auth_centre.cas_ticket_seconds),
        sign_in=timedelta(hours=settings.auth_centre.sign_in_hours),
        signing_key=timedelta(days=settings.auth_centre.signing_key_days),
    )


def password_delays() -> Delays:
    """Return the delays after wrong passwords. The ``sign_in_free_tries``-th wrong password in a row locks."""
    settings = config()
    return replace(
        limits.MEMBER_PASSWORD,
        free=settings.auth_centre.sign_in_free_tries - 1,
        first=timedelta(seconds=settings.auth_centre.sign_in_lock_seconds),
        longest=timedelta(seconds=settings.auth_centre.sign_in_lock_most_seconds),
    )


def cas_default_format() -> Format:
    return config().auth_centre.cas_default_format


def asks_for_consent() -> bool:
    return config().auth_centre.ask_for_consent


def market_address() -> str:
    """Return the address of the market's pages."""
    return config().base_url


def address_of(code: str) -> str:
    """Return the address of an enterprise's auth centre, which is also the issuer of its tokens (openapi-jointkit
    B.1)."""
    return config().auth_centre_of(code)
