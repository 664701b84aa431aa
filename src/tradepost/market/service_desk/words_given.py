"""What people write to the service desk is read the same everywhere: trimmed, not empty, not longer than its column."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused


def words(text: str, field: str, *, missing: str, longest: int) -> str:
    """Raises ``Refused`` with the field; ``missing``: what is said where nothing was written."""
    text = text.strip()
    if not text:
        raise wrong(field, missing)
    return bounded(text, field, longest=longest)


def bounded(text: str, field: str, *, longest: int) -> str:
    text = text.strip()
    if len(text) > longest:
        said = _("At most %(most)s characters; these are %(number)s.") % {"most": longest, "number": len(text)}
        raise wrong(field, said)
    return text


def wrong(field: str, said: str, *, code: str = "") -> Refused:
    return Refused(code or f"service_desk.{field}", said, HTTPStatus.BAD_REQUEST, field=field)
