"""A person changes what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from .models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProfile:
    name: str
    company: str
    phone: str
    language: str
    """Of what is mailed; one of the market's."""


def change_profile(user: User, command: ChangeProfile) -> None:
    user.name, user.company, user.phone = command.name, command.company, command.phone
    user.language = command.language
    user.save(update_fields=["name", "company", "phone", "language"])
