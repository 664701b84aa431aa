"""Rules for codes, names and account names (openapi-jointkit §A.5, §A.7, §A.8). No I/O."""

from __future__ import annotations

import re
import unicodedata
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused

TENANT_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A valid label of a host name, because an enterprise's auth centre may have its own host (RFC 1123)."""
DEPARTMENT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MIN_CODE_LENGTH = 2
MAX_EXTERNAL_ID_LENGTH = 255
RESERVED_CODES = frozenset(["admin", "api", "auth", "console", "found", "join", "login", "new", "static", "www"])
"""Parts of the market's own URLs, and words that would make an enterprise appear official."""


def tenant_code(text: str) -> str:
    """Return the code as it is stored. Raises ``Refused``."""
    code = text.strip().lower()
    if not TENANT_CODE.fullmatch(code) or len(code) < MIN_CODE_LENGTH:
        message = _(
            "A code has 2 to 63 lower-case letters, digits and hyphens, and does not begin or end with a hyphen."
        )
        raise invalid_name("code", message)
    if code in RESERVED_CODES:
        raise invalid_name("code", _("“%(code)s” is reserved by the market. Choose another code.") % {"code": code})
    return code


def department_code(text: str) -> str:
    code = text.strip()
    if not DEPARTMENT_CODE.fullmatch(code):
        message = _("A department's code has 1 to 64 letters, digits, dots, hyphens and underscores.")
        raise invalid_name("code", message)
    return code


def checked_user_name(text: str) -> str:
    """Return the name in lower case, because sellers may ignore case."""
    name = text.strip().lower()
    if not USER_NAME.fullmatch(name):
        message = _(
            "An account name has 1 to 64 letters, digits, dots, hyphens and underscores, and starts with a "
            "letter or digit."
        )
        raise invalid_name("user_name", message)
    return name


def plain_name(text: str, *, field: str, longest: int) -> str:
    """Return a name in one line, without control characters and characters that reverse the order of letters."""
    name = " ".join(text.split())
    if (
        not name
        or len(name) > longest
        or any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)
    ):
        raise invalid_name(field, _("A name has 1 to %(longest)s characters in one line.") % {"longest": longest})
    return name


def external_id(text: str) -> str:
    """Return a person's identifier in a directory: any text in one line. Raises ``Refused``."""
    if len(text) > MAX_EXTERNAL_ID_LENGTH or not text.isprintable():
        message = _("An identifier of another directory has at most %(longest)s characters in one line.")
        raise invalid_name("external_id", message % {"longest": MAX_EXTERNAL_ID_LENGTH})
    return text


def invalid_name(field: str, message: str) -> Refused:
    return Refused(f"enterprise.{field}", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
