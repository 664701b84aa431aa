"""Notices are deleted with the account. Mails that went to the address of a person are deleted too.

A copy has the words of notices about the person's own purchases and sign-ins. Those to members of sellers and enterprises and to
operators name other people, so that only their category is copied. Receivers are other people as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Deleted, Exported, Personal

from . import messages
from .categories import Audience, Category
from .models import Endpoint, Notice, NoticeDelivery, Preference, Receiver
from .sign_in_messages import SIGN_IN_TEMPLATES


def _title(row: Mapping[str, Any]) -> str:
    return messages.render_notice(row["kind"], row["facts"]).title if _is_own(row["kind"]) else ""


def _text(row: Mapping[str, Any]) -> str:
    return messages.render_notice(row["kind"], row["facts"]).body if _is_own(row["kind"]) else ""


def _is_own(kind: str) -> bool:
    return kind in SIGN_IN_TEMPLATES or (
        kind in messages.TEMPLATES and messages.TEMPLATES[kind].about.to == Audience.BUYER
    )


def _category(row: Mapping[str, Any]) -> str:
    words = messages.TEMPLATES.get(row["kind"])
    return str(Category(words.about.category).label) if words else ""


EXPORTED = (
    Exported(
        name="notices", title=_("Notices"), model=Notice, whose="user", columns="created_at read_at", needs=("kind", "facts"),
        made={"category": _category, "title": _title, "text": _text},
    ),
    Exported(
        name="messages", title=_("Notification delivery"), model=NoticeDelivery, whose="notice__user",
        columns="created_at channel status sent_at",
    ),
    Exported(
        name="receivers", title=_("Receivers of notices"), model=Receiver, whose="user",
        columns="language created_at email_confirmed_at phone_confirmed_at",
    ),
    Exported(
        name="webhooks", title=_("Webhooks and chats"), model=Endpoint, whose="user",
        columns="kind service name shown language created_at disabled_at",
    ),
    Exported(
        name="notice_settings", title=_("Notification settings"), model=Preference, whose="user", columns="category channel how",
    ),
)  # fmt: skip

PERSONAL = Personal(
    deleted=(
        Deleted(model=NoticeDelivery, whose="notice__user"),
        Deleted(model=NoticeDelivery, whose="receiver__user"),
        Deleted(model=NoticeDelivery, whose="address__iexact", by="email"),
    ),
    exported=EXPORTED,
)
