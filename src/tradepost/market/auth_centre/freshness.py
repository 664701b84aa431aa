"""How recent a sign-in must be: ``prompt`` and ``max_age`` (OpenID Connect Core §3.1.2.1), ``renew`` (CAS 3.0 §2.1.1).

No I/O except in ``logged_in_at``, which reads the market's session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest
from msgspec import Struct

from tradepost.market.base.numbers import whole_number

FORCED_PROMPTS = frozenset({"login", "select_account"})


class SignInRequirement(Struct, frozen=True, kw_only=True):
    """Requirements for a sign-in.

    ``again``: a new sign-in in any case. ``by_password``: not through the market account of the browser. ``max_age``:
    maximum seconds since the last password; None for any.
    """

    again: bool = False
    by_password: bool = False
    max_age: int | None = None

    def is_met(self, *, proved_at: datetime, made_for_this: bool, by_password: bool, now: datetime) -> bool:
        if made_for_this and (by_password or not self.by_password):
            return True
        recent = self.max_age is None or now - proved_at <= timedelta(seconds=self.max_age)
        return recent and not self.again


def requirement_of(query: Mapping[str, str]) -> SignInRequirement:
    """Parse the requirements. ``max_age=0`` equals ``prompt=login``. Raises ``ValueError`` for an invalid
    ``max_age``."""
    prompts = set(query.get("prompt", "").split())
    max_age = _seconds(query.get("max_age", ""))
    return SignInRequirement(
        again=bool(prompts & FORCED_PROMPTS) or max_age == 0,
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
    """Return whether a CAS flag such as ``renew`` is set, with any value; ``true`` is only recommended (CAS 3.0
    §2.1.1)."""
    return value.strip().lower() not in {"", "false"}


def is_account_sufficient(following: str, logged_in: datetime | None, *, now: datetime) -> bool:
    """Return whether the page that follows accepts the browser's market account, which signed in at this time."""
    query = dict(parse_qsl(urlsplit(following).query))
    if is_set(query.get("renew", "")):
        return False
    try:
        required = requirement_of(query)
    except ValueError:
        return True  # that page refuses the request
    if not required.by_password:
        return True
    return logged_in is not None and required.is_met(
        proved_at=logged_in, made_for_this=False, by_password=False, now=now
    )


def logged_in_at(request: HttpRequest) -> datetime | None:
    """Return when the browser's market account last entered its password; None if the session does not record it."""
    records = get_authentication_records(request, request.user)
    times = [
        record["at"] for record in records if isinstance(record, dict) and isinstance(record.get("at"), (int, float))
    ]
    return datetime.fromtimestamp(max(times), UTC) if times else None
