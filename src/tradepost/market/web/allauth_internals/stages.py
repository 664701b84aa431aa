"""Steps between the password and the session.

Why: allauth lets a project add steps (``LoginStage``), but the page of a step needs the decorator that allauth's own pages use,
and the step that the decorator leaves on the request. ``pending_login`` reads the unfinished sign-in that allauth keeps in the
session.

Written against allauth 65.21.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.constants import LoginStageKey
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.stages import LoginStage
from django.http import HttpRequest

__all__ = [
    "LOGIN_SESSION_KEY",
    "LoginStage",
    "login_stage_required",
    "record_authentication",
    "stage_of",
    "waits_for_email",
]


def stage_of(request: HttpRequest) -> Any:
    """Return the step that the request continues. Only for views with ``login_stage_required``."""
    return request._login_stage  # type: ignore[attr-defined]  # noqa: SLF001


def waits_for_email(unfinished: dict[str, object]) -> bool:
    """Return whether an unfinished sign-in waits for the confirmation of an email address."""
    state = unfinished.get("state")
    stages = state.get("stages", {}) if isinstance(state, dict) else {}
    return bool(stages.get("current") == LoginStageKey.VERIFY_EMAIL.value)
