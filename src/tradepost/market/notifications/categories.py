"""What a kind of notice declares beside its words: its category, whom it is for, and whether it may be switched off
(business-rules §7.1, §7.2, §17.8)."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct


class Channel(TextChoices):
    IN_SITE = "in_site", _("On the site")
    MAIL = "mail", pgettext_lazy("channel", "E-mail")
    SMS = "sms", _("SMS")
    WEBHOOK = "webhook", _("Webhook")
    CHAT = "chat", _("Chat")


class Category(TextChoices):
    """By what people choose what reaches them (§7.2). The source numbers its kinds: 1xx are products, 5xx O&M, 9xx others."""

    FINANCE = "finance", pgettext_lazy("notices", "Finance")
    PRODUCT = "product", pgettext_lazy("notices", "Products")
    SECURITY = "security", pgettext_lazy("notices", "Security")
    OPERATIONS = "operations", pgettext_lazy("notices", "Operation and maintenance")
    ACTIVITY = "activity", pgettext_lazy("notices", "Activities")
    FILING = "filing", pgettext_lazy("notices", "Filing")
    CONTRACT = "contract", pgettext_lazy("notices", "Contracts")
    OTHER = "other", pgettext_lazy("notices", "Others")


class Audience(StrEnum):
    """Whose receivers, webhooks and chats get it beside the person themselves."""

    BUYER = "buyer"
    SELLER = "seller"
    """The company: whoever acts for it, and where it wants to be told."""
    PERSON = "person"
    """One person alone: what they may do, what was done to them."""
    OPERATOR = "operator"


class NoticePolicy(Struct, frozen=True, kw_only=True):
    category: Category
    to: Audience = Audience.PERSON
    mandatory: bool = False
    """Nobody can switch it off (§7.2: balance warnings and account changes)."""
    sms: bool = False
    """The table of §7.1 names SMS for it."""
    act: str = ""
    """Of a notice to operators: the act of the console (``identity.console_roles``) that it asks for. Roles with this act get it."""


DEFAULT_POLICY = NoticePolicy(category=Category.OTHER)
"""Of a kind that says nothing; a test finds it."""
