"""How recent a sign-in must be for a request: ``prompt`` and ``max_age`` (OpenID Connect Core §3.1.2.1), ``renew`` (CAS 3.0 §2.1.1).

No I/O but ``logged_in_at``, which reads the session of the market.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from msgspec import Struct

from tradepost.market.base.numbers import whole_number

ASKS_AGAIN = frozenset({"login", "select_account"})


class Required(Struct, frozen=True, kw_only=True):
    """``again``: a new sign-in in any case. ``by_password``: not by the market account that the browser is logged in to.
    ``max_age``: seconds since the last password, None for any."""

    again: bool = False
    by_password: bool = False
    max_age: int | None = None

    def is_met(self, *, proved_at: datetime, made_for_this: bool, by_password: bool, now: datetime) -> bool:
        if made_for_this and (by_password or not self.by_password):
            return True
        recent = self.max_age is None or now - proved_at <= timedelta(seconds=self.max_age)
        return recent and not self.again


def required_by(query: Mapping[str, str]) -> Required:
    """``max_age=0`` asks for the same as ``prompt=login``. Raises ``ValueError`` for a ``max_age`` that is no number of seconds."""
    prompts = set(query.get("prompt", "").split())
    max_age = _seconds(query.get("max_age", ""))
    return Required(
        again=bool(prompts & ASKS_AGAIN) or max_age == 0,
        by_password="login" in prompts or max_age is not None,
        max_age=max_age,
    )


def _seconds(text: str) -> int | None:
    if not text:
        return None
    number = whole_number(text, digits=9)
    if number is None:
        raise ValueError("max_age is not a number of seconds")
    return number


def is_set(value: str) -> bool:
    """Whether a CAS flag such as ``renew`` is set: with any value, of which ``true`` is only recommended (CAS 3.0 §2.1.1)."""
    return value.strip().lower() not in {"", "false"}


def account_suffices(following: str, logged_in: datetime | None, *, now: datetime) -> bool:
    """Whether the page to which a sign-in leads accepts the market account of this browser, logged in at this time."""
    query = dict(parse_qsl(urlsplit(following).query))
    if is_set(query.get("renew", "")):
        return False
    try:
        required = required_by(query)
    except ValueError:
        return True  # that page refuses it
    if not required.by_password:
        return True
    return logged_in is not None and required.is_met(
        proved_at=logged_in, made_for_this=False, by_password=False, now=now
    )


def logged_in_at(request: HttpRequest) -> datetime | None:
    """When the browser's market account last gave its password; None where the session does not say."""
    records = get_authentication_records(request, request.user)
    times = [one["at"] for one in records if isinstance(one, dict) and isinstance(one.get("at"), (int, float))]
    return datetime.fromtimestamp(max(times), UTC) if times else None
