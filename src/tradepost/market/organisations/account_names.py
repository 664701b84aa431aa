"""What codes, names and account names may look like (openapi-jointkit §A.5, §A.7, §A.8). Pure but for the words."""

from __future__ import annotations

import re
import unicodedata
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

TENANT_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A label of a host's name, since the auth centre of an enterprise may stand under one (RFC 1123)."""
DEPARTMENT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHORTEST_CODE = 2
LONGEST_EXTERNAL_ID = 255
RESERVED = frozenset(["admin", "api", "auth", "console", "found", "join", "login", "new", "static", "www"])
"""Words of the market's own addresses, and those that lend a stranger's enterprise its authority."""


def tenant_code(text: str) -> str:
    """As it is stored. Raises ``Refused``."""
    code = text.strip().lower()
    if not TENANT_CODE.fullmatch(code) or len(code) < SHORTEST_CODE:
        words = _("A code has 2 to 63 small letters, digits and hyphens, and neither begins nor ends with a hyphen.")
        raise wrong("code", words)
    if code in RESERVED:
        raise wrong("code", _("“%(code)s” is a word of the market itself. Choose another code.") % {"code": code})
    return code


def department_code(text: str) -> str:
    code = text.strip()
    if not DEPARTMENT_CODE.fullmatch(code):
        words = _("A department's code has 1 to 64 letters, digits, dots, hyphens and underscores.")
        raise wrong("code", words)
    return code


def user_name(text: str) -> str:
    """In small letters: sellers may not tell capitals apart."""
    name = text.strip().lower()
    if not USER_NAME.fullmatch(name):
        words = _(
            "An account name has 1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first."
        )
        raise wrong("user_name", words)
    return name


def plain_name(text: str, *, field: str, longest: int) -> str:
    """A name in one line: no control characters, and none that turn the order of the letters around."""
    name = " ".join(text.split())
    if not name or len(name) > longest or any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in name):
        raise wrong(field, _("A name has 1 to %(longest)s characters in one line.") % {"longest": longest})
    return name


def external_id(text: str) -> str:
    """What a directory calls somebody: any text in one line. Raises ``Refused``."""
    if len(text) > LONGEST_EXTERNAL_ID or not text.isprintable():
        words = _("An identifier of another directory has at most %(longest)s characters in one line.")
        raise wrong("external_id", words % {"longest": LONGEST_EXTERNAL_ID})
    return text


def wrong(field: str, words: str) -> Refused:
    return Refused(f"enterprise.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
