"""How passwords are hashed, and which requests do it: slow on purpose, so they are bounded in memory and in number."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.urls import Resolver404, resolve

from .answering import Environ

PAGES = frozenset(
    {
        "account_login",
        "account_signup",
        "account_reauthenticate",
        "account_change_password",
        "account_set_password",
        "account_reset_password_from_key",
    }
)
"""Pages whose forms hash a password (names in allauth's URLs)."""


class Argon2(Argon2PasswordHasher):
    """Argon2id with the least memory among the settings that OWASP's Password Storage Cheat Sheet calls equal in strength:
    19 MiB, two passes, one lane. Django's own 100 MiB and eight lanes are for a machine that does nothing else.

    Hashes with other figures are still verified, and renewed when their owner logs in.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


def hashes_password(environ: Environ) -> bool:
    """Whether the form that was sent leads to a hash."""
    try:
        return resolve(environ["PATH_INFO"]).url_name in PAGES
    except Resolver404:
        return False
