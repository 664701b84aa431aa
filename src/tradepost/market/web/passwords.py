"""How passwords are hashed, and which requests do it: slow on purpose, so they are bounded in memory and in number."""

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
from .writers import HASHING_AT_ONCE

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
        "reset_password",
        "sign_in",
        "two_step_codes",
        "two_step_off",
        "two_step_on",
    }
)
"""Pages whose forms hash a password: allauth's, the store's where an administrator makes one, and the auth centre's."""


class Argon2(Argon2PasswordHasher):
    """Argon2id with the least memory among the settings that OWASP's Password Storage Cheat Sheet calls equal in strength:
    19 MiB, two passes, one lane. Django's own 100 MiB and eight lanes are for a machine that does nothing else.

    Hashes with other figures are still verified, and renewed when their owner logs in. All are computed by a few threads
    that leave the processor to others: each thread's share of the heap keeps what a hash has used.
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
    return ThreadPoolExecutor(HASHING_AT_ONCE, thread_name_prefix="password", initializer=_leave_the_processor)


def _leave_the_processor() -> None:
    if sys.platform == "linux":  # elsewhere a process has one niceness for all of its threads
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def hashes_password(environ: Environ) -> bool:
    """Whether the form that was sent leads to a hash."""
    try:
        return resolve(environ["PATH_INFO"]).url_name in PAGES
    except Resolver404:
        return False
