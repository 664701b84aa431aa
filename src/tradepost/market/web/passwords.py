"""Password hashing, and the requests that need it. Hashing is slow by design, so its memory and concurrency are
limited."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import override

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.urls import Resolver404, resolve

from .answering import Environ
from .writers import MAX_CONCURRENT_HASHES

PAGES = frozenset(
    {
        "account_login",
        "account_signup",
        "account_reauthenticate",
        "account_change_password",
        "account_set_password",
        "account_reset_password_from_key",
        "enterprise_appoint",
        "enterprise_member_new",
        "enterprise_member_password",
        "enterprise_passwords",
        "first_password",
        "member_address",
        "member_password",
        "operator_join",
        "reset_password",
        "sign_in",
        "two_step_codes",
        "two_step_off",
        "two_step_on",
    }
)
"""Pages whose forms hash a password: allauth's, the auth centre's, and the storefront's where an administrator sets
one."""


class Argon2(Argon2PasswordHasher):
    """Argon2id with the smallest memory that OWASP's Password Storage Cheat Sheet considers equally strong: 19 MiB, two
    passes, one lane. Django's 100 MiB and eight lanes suit a dedicated machine.

    Hashes with other parameters are still verified, and renewed at the next sign-in. A few low-priority threads compute
    all hashes, because each thread's heap keeps the memory of its largest hash.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    @override
    def encode(self, password: str, salt: str) -> str:
        return _hashing().submit(super().encode, password, salt).result()

    @override
    def verify(self, password: str, encoded: str) -> bool:
        return _hashing().submit(super().verify, password, encoded).result()


@cache
def _hashing() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_CONCURRENT_HASHES, thread_name_prefix="password", initializer=_lower_priority)


def _lower_priority() -> None:
    if sys.platform == "linux":  # other systems have one niceness per process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def hashes_password(environ: Environ) -> bool:
    """Return whether the submitted form needs a password hash."""
    try:
        return resolve(environ["PATH_INFO"]).url_name in PAGES
    except Resolver404:
        return False
