"""Django's SMTP mail backend, extended to trust the operator's certificate authorities."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import Any, override

from django.core.mail.backends import smtp

from .authorities import trusted


class EmailBackend(smtp.EmailBackend):
    """``authorities``: see ``OutboundPolicy``."""

    def __init__(self, *, authorities: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._authorities = authorities

    @cached_property
    @override
    def ssl_context(self) -> ssl.SSLContext:
        return trusted(self._authorities, protocols=())
