"""Retention of sign-in data: secrets until they can no longer be used, sign-ins for longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import Model

from tradepost.market.base.retention import BATCH, Sweep
from tradepost.market.organisations.models import AdminVisit

from .models import AccessToken, AuthorizationCode, Grant, RefreshToken, ServiceTicket, SignInSession


def _older(model: type[Model], column: str) -> Callable[[datetime], int]:
    """Return a function that deletes a batch of expired rows by the index, with dependent rows."""

    def work(before: datetime) -> int:
        ended_rows = model._default_manager.filter(**{f"{column}__lt": before}).order_by(column)  # noqa: SLF001
        keys = list(ended_rows.values_list("pk", flat=True)[:BATCH])
        model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001
        return len(keys)

    return work


def _sweep(name: str, model: type[Model], setting: str, column: str = "expires_at") -> Sweep:
    return Sweep(name=name, model=model, setting=setting, work=_older(model, column), of_real_time=True)


def _sessions(before: datetime) -> int:
    """Delete a batch of expired sign-ins without grants."""
    old_sessions = SignInSession.objects.filter(expires_at__lt=before, grants=None).order_by("expires_at")
    keys = list(old_sessions.values_list("pk", flat=True)[:BATCH])
    SignInSession.objects.filter(pk__in=keys).delete()
    return len(keys)


RULES = (
    _sweep("authorisation codes", AuthorizationCode, "keep_tokens_days"),
    _sweep("service tickets", ServiceTicket, "keep_tokens_days"),
    _sweep("access tokens", AccessToken, "keep_tokens_days"),
    _sweep("refresh tokens", RefreshToken, "keep_tokens_days"),
    _sweep("grants", Grant, "keep_sign_ins_days"),
    Sweep(name="sign-ins", model=SignInSession, setting="keep_sign_ins_days", work=_sessions, of_real_time=True),
    _sweep("visits of administrators", AdminVisit, "keep_sign_ins_days"),
)
"""A used refresh token is kept for its full lifetime, to detect a second use."""
