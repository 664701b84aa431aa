"""Clean texts that people write to the service desk: trimmed, not empty, and within their maximum length."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused


def required_text(text: str, field: str, *, missing: str, longest: int) -> str:
    """Return the cleaned text. Raises ``Refused`` with the field; ``missing``: the message for an empty text."""
    text = text.strip()
    if not text:
        raise invalid(field, missing)
    return limited_text(text, field, longest=longest)


def limited_text(text: str, field: str, *, longest: int) -> str:
    text = text.strip()
    if len(text) > longest:
        message = _("At most %(most)s characters; these are %(number)s.") % {"most": longest, "number": len(text)}
        raise invalid(field, message)
    return text


def invalid(field: str, message: str, *, code: str = "") -> Refused:
    return Refused(code or f"service_desk.{field}", message, HTTPStatus.BAD_REQUEST, field=field)
