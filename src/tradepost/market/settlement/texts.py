"""Check texts that sellers and operators write about statements."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.texts import has_markup, plain

MAX_LENGTH = 500


def checked_text(text: str, field: str, missing: str) -> str:
    """Return the text as one plain line. Raises ``Refused`` with the field."""
    text = " ".join(plain(text[:2000]).split())
    if not text or len(text) > MAX_LENGTH:
        raise invalid(field, missing if not text else _("At most %(most)s characters.") % {"most": MAX_LENGTH})
    if has_markup(text):
        raise invalid(field, _("Plain text only, without HTML."))
    return text


def invalid(field: str, words: str) -> Refused:
    return Refused(f"statement.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
