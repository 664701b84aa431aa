"""Accounts whose sessions can all be ended at once.

Why: Django ends the sessions of an account when its password changes, and offers no other way. A session holds a hash of the
password; this mixin adds a number to it. ``get_session_auth_hash`` is documented, but Django checks earlier secret keys with the
function below it. Until the number is set for the first time the hash is Django's own, so that an update ends no session.

Written against Django 6.1.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac


class EndableSessions:
    """Mixin of an account, before Django's ``AbstractBaseUser``."""

    def times_sessions_ended(self) -> int:
        """Override it: how often all sessions of the account were ended."""
        raise NotImplementedError

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session must hold to be valid."""
        auth_hash: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # Django's, which the stubs leave out
        ended_times = self.times_sessions_ended()
        if not ended_times:
            return auth_hash
        return salted_hmac(
            "tradepost.sessions", f"{auth_hash}{ended_times}", secret=secret, algorithm="sha256"
        ).hexdigest()
