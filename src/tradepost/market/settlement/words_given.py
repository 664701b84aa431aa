"""What people write to each other about a statement: checked, and refused in words."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.texts import holds_markup, plain

LONGEST = 500


def said(text: str, field: str, missing: str) -> str:
    """As it is kept: plain text in one line. Raises ``Refused``, which names the field."""
    text = " ".join(plain(text[:2000]).split())
    if not text or len(text) > LONGEST:
        raise wrong(field, missing if not text else _("At most %(most)s characters.") % {"most": LONGEST})
    if holds_markup(text):
        raise wrong(field, _("Plain text only, without HTML."))
    return text


def wrong(field: str, words: str) -> Refused:
    return Refused(f"statement.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
