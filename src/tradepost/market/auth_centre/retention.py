"""How long is kept what was given at sign-ins: secrets until they can no longer be used, sign-ins a while longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import Model

from tradepost.market.base.retention import BATCH, Sweep
from tradepost.market.organisations.models import AdminVisit

from .models import AccessToken, AuthorizationCode, Grant, RefreshToken, ServiceTicket, SignInFailure, SignInSession


def _older(model: type[Model], column: str) -> Callable[[datetime], int]:
    """A batch, found by the index on when they end. What hangs on a row goes with it."""

    def work(before: datetime) -> int:
        ended = model._default_manager.filter(**{f"{column}__lt": before}).order_by(column)  # noqa: SLF001
        keys = list(ended.values_list("pk", flat=True)[:BATCH])
        model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001
        return len(keys)

    return work


def _sweep(name: str, model: type[Model], setting: str, column: str = "expires_at") -> Sweep:
    return Sweep(name=name, model=model, setting=setting, work=_older(model, column), of_real_time=True)


def _sessions(before: datetime) -> int:
    """Of those that were over then, those of which nothing is held any more."""
    old = SignInSession.objects.filter(expires_at__lt=before, grants=None).order_by("expires_at")
    keys = list(old.values_list("pk", flat=True)[:BATCH])
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
    _sweep("wrong passwords", SignInFailure, "keep_tries_days", "locked_until"),
)
"""A used refresh token stays as long as it would have held: by it a second use is seen."""
