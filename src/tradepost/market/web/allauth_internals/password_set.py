"""A hook after a password was set by mail.

Why: wrong passwords are counted by the market, and a new password clears the count. allauth clears its own count there by a method
of its adapter, and calls no documented one.

Written against allauth 65.21.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AdapterWithPasswordSet(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """An adapter that is told when a password was set by mail."""

    def password_was_set(self, request: HttpRequest, **credentials: Any) -> None:
        """Override it. ``credentials``: the email address of the account."""
        raise NotImplementedError

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        self.password_was_set(request, **credentials)
