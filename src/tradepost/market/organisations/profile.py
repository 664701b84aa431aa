"""Optional data of a member besides name and department, with limits on their length (openapi-jointkit §A.7)."""

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

from .account_names import invalid_name

_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,30}")
EMPLOYEE_TYPES: Mapping[int, Any] = {
    1: gettext_lazy("Regular"),
    2: gettext_lazy("Intern"),
    3: gettext_lazy("Dispatched"),
    4: gettext_lazy("Outsourced"),
}
"""§A.7 ``employeeType``."""
MAX_LENGTHS: Mapping[str, int] = {
    "position": 64, "employee_code": 64, "mobile": 32, "email": 128, "work_place": 256,
}  # fmt: skip
MAX_EXTRA, MAX_EXTRA_LENGTH = 20, 256


class Profile(Struct, frozen=True, kw_only=True):
    """Unknown texts are empty, an unknown type is None. ``entry_date`` is in ISO form. ``extension``: attributes that
    the enterprise defines."""

    position: str = ""
    employee_code: str = ""
    employee_type: int | None = None
    mobile: str = ""
    email: str = ""
    work_place: str = ""
    entry_date: str = ""
    extension: Mapping[str, str] | None = None

    def stored(self) -> dict[str, Any]:
        """Return the known values, as stored in ``Member.profile``."""
        return {name: value for name, value in as_dict(self).items() if value}


def stored_profile(plain: Mapping[str, Any]) -> Profile:
    """Load what ``stored`` returned; ignores members that a later release added."""
    field_names = set(members(Profile))
    return Profile(**{name: value for name, value in plain.items() if name in field_names})


def profile_of(typed: Mapping[str, str]) -> Profile:
    """Parse form input by field name; missing fields are empty. Raises ``Refused``, which names the field."""
    texts = {name: _checked_line(typed.get(name, ""), name) for name in MAX_LENGTHS}
    if texts["mobile"] and not _PHONE.fullmatch(texts["mobile"]):
        raise invalid_name(
            "mobile", _("A telephone number has digits, spaces, hyphens and brackets, and may begin with +.")
        )
    if texts["email"]:
        try:
            validate_email(texts["email"])
        except ValidationError:
            raise invalid_name("email", _("The e-mail address is not valid.")) from None
    return Profile(
        **texts,  # type: ignore[arg-type]  # each of them is a text
        employee_type=_employee_type(typed.get("employee_type", "")),
        entry_date=_entry_date(typed.get("entry_date", "")),
    )


def _checked_line(text: str, name: str) -> str:
    line = " ".join(text.split())
    if len(line) > MAX_LENGTHS[name] or not line.isprintable():
        raise invalid_name(name, _("At most %(longest)s characters in one line.") % {"longest": MAX_LENGTHS[name]})
    return line


def _employee_type(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    for number, label in EMPLOYEE_TYPES.items():
        if text in {str(number), str(label)} or text.casefold() == _EMPLOYEE_TYPE_CODES[number]:
            return number
    raise invalid_name(
        "employee_type", _("A kind of employment is 1 (regular), 2 (intern), 3 (dispatched) or 4 (outsourced).")
    )


_EMPLOYEE_TYPE_CODES = {1: "regular", 2: "intern", 3: "dispatched", 4: "outsourced"}


def _entry_date(text: str) -> str:
    """Return a date as ``yyyy-MM-dd``. Accepts missing leading zeros (§A.7), and slashes or dots as spreadsheets
    write them."""
    text = text.strip()
    if not text:
        return ""
    match = re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})", text)
    try:
        return date(*map(int, match.groups())).isoformat() if match else _raise_invalid_date()
    except ValueError:
        return _raise_invalid_date()


def _raise_invalid_date() -> str:
    raise invalid_name("entry_date", _("Enter a date such as 2026-03-01."))
