"""Change a person's profile."""

from __future__ import annotations

from msgspec import Struct

from .models import User


class ChangeProfile(Struct, frozen=True, kw_only=True):
    name: str
    company: str
    phone: str
    language: str
    """Language of mails; one of the market's."""
    expiry_day: int = 0
    """Day of the month on which renewals end; 0: none."""


def change_profile(user: User, command: ChangeProfile) -> None:
    user.name, user.company, user.phone = command.name, command.company, command.phone
    user.language, user.expiry_day = command.language, command.expiry_day
    user.save(update_fields=["name", "company", "phone", "language", "expiry_day"])
