"""What an enterprise says of a person beside name and department (openapi-jointkit §A.7): all of it optional, all of it bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base.values import as_dict, members

from .account_names import wrong

_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,30}")
EMPLOYEE_TYPES: Mapping[int, Any] = {
    1: gettext_lazy("Regular"),
    2: gettext_lazy("Intern"),
    3: gettext_lazy("Dispatched"),
    4: gettext_lazy("Outsourced"),
}
"""§A.7 ``employeeType``."""
LONGEST: Mapping[str, int] = {
    "position": 64, "employee_code": 64, "mobile": 32, "email": 128, "work_place": 256,
}  # fmt: skip
MOST_EXTRA, LONGEST_EXTRA = 20, 256


class Profile(Struct, frozen=True, kw_only=True):
    """Texts are empty, and the type is None, where nothing is known. ``entry_date`` is in ISO form. ``extension``: attributes of
    the enterprise's own."""

    position: str = ""
    employee_code: str = ""
    employee_type: int | None = None
    mobile: str = ""
    email: str = ""
    work_place: str = ""
    entry_date: str = ""
    extension: Mapping[str, str] | None = None

    def stored(self) -> dict[str, Any]:
        """As it stands in ``Member.profile``: what is known alone."""
        return {name: value for name, value in as_dict(self).items() if value}


def stored_profile(plain: Mapping[str, Any]) -> Profile:
    """What ``stored`` gave; members that a later release adds are passed over."""
    known = set(members(Profile))
    return Profile(**{name: value for name, value in plain.items() if name in known})


def profile_of(typed: Mapping[str, str]) -> Profile:
    """From what somebody typed, by the names of the fields; what is missing is empty. Raises ``Refused``, which names the field."""
    texts = {name: _line(typed.get(name, ""), name) for name in LONGEST}
    if texts["mobile"] and not _PHONE.fullmatch(texts["mobile"]):
        raise wrong("mobile", _("A telephone number has digits, spaces, hyphens and brackets, and may begin with +."))
    if texts["email"]:
        try:
            validate_email(texts["email"])
        except ValidationError:
            raise wrong("email", _("This is no e-mail address.")) from None
    return Profile(
        **texts,  # type: ignore[arg-type]  # each of them is a text
        employee_type=_employee_type(typed.get("employee_type", "")),
        entry_date=_entry_date(typed.get("entry_date", "")),
    )


def _line(text: str, name: str) -> str:
    line = " ".join(text.split())
    if len(line) > LONGEST[name] or not line.isprintable():
        raise wrong(name, _("At most %(longest)s characters in one line.") % {"longest": LONGEST[name]})
    return line


def _employee_type(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    for number, words in EMPLOYEE_TYPES.items():
        if text in {str(number), str(words)} or text.casefold() == _WORDS[number]:
            return number
    raise wrong(
        "employee_type", _("A kind of employment is 1 (regular), 2 (intern), 3 (dispatched) or 4 (outsourced).")
    )


_WORDS = {1: "regular", 2: "intern", 3: "dispatched", 4: "outsourced"}


def _entry_date(text: str) -> str:
    """``yyyy-MM-dd``, with or without leading zeros (§A.7), or with slashes or dots as spreadsheets write them."""
    text = text.strip()
    if not text:
        return ""
    found = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> str:
    raise wrong("entry_date", _("A day is written like 2026-03-01."))
