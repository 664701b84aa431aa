"""Whose machine asks: behind a TLS proxy every connection comes from the proxy, and who guesses would lock everybody out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def peer(request: HttpRequest) -> str:
    """The address that the proxy appended to ``X-Forwarded-For`` where there is one, else the connection's."""
    told = request.headers.get("X-Forwarded-For", "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
    return told.rpartition(",")[2].strip()[:64] or str(request.META.get("REMOTE_ADDR", ""))
