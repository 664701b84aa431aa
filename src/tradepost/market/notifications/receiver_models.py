"""Where notices go beside a person's own address: receivers, webhooks and chats of a seller or a buyer, and what each wants."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller, User

from .categories import Category, Channel
from .why_not import DeliveryChoice

ONE_OWNER = Q(seller__isnull=False, user=None) | Q(seller=None, user__isnull=False)


class Receiver(models.Model):
    """A person whom a seller, or a buyer, wants to be told too. Counts only once mail and phone are confirmed (§7.2)."""

    seller = models.ForeignKey(Seller, models.CASCADE, null=True, related_name="receivers")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="receivers")
    name = models.CharField(_("Name"), max_length=64)
    email = models.EmailField(_("E-mail"))
    phone = models.CharField(_("Phone"), max_length=20, blank=True)
    """In the international form, +8613800000000; empty where the market had no SMS when it was entered."""
    language = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    email_confirmed_at = models.DateTimeField(null=True, default=None)
    phone_confirmed_at = models.DateTimeField(null=True, default=None)
    token_hash = models.CharField(max_length=64, blank=True, default="", db_index=True)
    """Keyed hash of what the link in the mail ends with; empty once both are confirmed."""
    code_hash = models.CharField(max_length=64, blank=True, default="")
    """Keyed hash of the code in the SMS."""
    confirm_until = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [models.CheckConstraint(condition=ONE_OWNER, name="receiver_one_owner")]

    @property
    def is_confirmed(self) -> bool:
        return self.email_confirmed_at is not None and (not self.phone or self.phone_confirmed_at is not None)


class Endpoint(models.Model):
    """A program that is told: a webhook by Standard Webhooks, or the bot of a chat. Its address is a secret of its owner."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("Webhook")
        CHAT = "chat", _("Chat")

    seller = models.ForeignKey(Seller, models.CASCADE, null=True, related_name="endpoints")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="endpoints")
    kind = models.CharField(max_length=8, choices=Kind)
    service = models.CharField(max_length=16, blank=True, default="")
    """Of a chat: whose bot it is (``chat_services``)."""
    name = models.CharField(pgettext_lazy("webhook", "Name"), max_length=64)
    shown = models.CharField(max_length=255)
    """Its address without what is secret in it."""
    sealed_address = models.TextField()
    sealed_secret = models.TextField(blank=True, default="")
    """What a webhook is signed with; shown once."""
    sealed_former_secret = models.TextField(blank=True, default="")
    former_until = models.DateTimeField(null=True, default=None)
    """Until then what is sent is signed with the former secret too."""
    language = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True, default=None)
    """The first failure since it last answered well."""
    rests_until = models.DateTimeField(null=True, default=None)
    """After a failure nothing is sent until then, whatever waits."""
    failures = models.PositiveIntegerField(default=0)
    """In a row."""
    disabled_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [models.CheckConstraint(condition=ONE_OWNER, name="endpoint_one_owner")]


class Preference(models.Model):
    """What a person, a receiver or a program wants otherwise than at once, for a category and a channel."""

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="notice_preferences", db_index=False)
    receiver = models.ForeignKey(Receiver, models.CASCADE, null=True, related_name="preferences", db_index=False)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, null=True, related_name="preferences", db_index=False)
    category = models.CharField(max_length=16, choices=Category)
    channel = models.CharField(max_length=8, choices=Channel)
    how = models.CharField(max_length=8, choices=DeliveryChoice)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=[whose, "category", "channel"], name=f"preference_of_{whose}")
            for whose in ("user", "receiver", "endpoint")
        ]
