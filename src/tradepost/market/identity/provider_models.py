"""OpenID Connect providers for sign-in, and the people who signed in through them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInProvider(models.Model):
    """An OpenID provider. The owner of the market registers it in the console."""

    slug = models.SlugField(unique=True, max_length=40)
    """Part of its sign-in URLs; never changed."""
    name = models.CharField(_("Name"), max_length=64)
    issuer = models.URLField(_("Issuer"), max_length=500)
    client_id = models.CharField(_("Client ID"), max_length=255)
    sealed_secret = models.TextField()
    scopes = models.CharField(_("Scopes"), max_length=255, default="openid profile email offline_access")
    asks_consent = models.BooleanField(default=False, db_default=False)
    """Whether each sign-in asks for consent (``prompt=consent``), without which some providers issue no refresh
    token."""
    for_operators = models.BooleanField(default=False)
    for_buyers = models.BooleanField(default=False)
    groups_claim = models.CharField(_("Claim with the groups"), max_length=64, default="groups")
    roles = models.JSONField(default=list)
    """``[[group, role], …]``: the first group that a person has determines the role."""
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ProviderSignIn(models.Model):
    """A person who signed in through a provider. If it gave a role, the groups are checked again every few
    minutes."""

    provider = models.ForeignKey(SignInProvider, models.CASCADE, related_name="sign_ins")
    user = models.ForeignKey("identity.User", models.CASCADE, related_name="provider_sign_ins", db_index=False)
    gives_role = models.BooleanField(default=False)
    sealed_refresh = models.TextField(blank=True, default="")
    """Empty if the provider issued no refresh token."""
    confirmed_at = models.DateTimeField()
    """When the provider last confirmed the groups."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "provider"], name="provider_sign_in_once"),
        ]


class OperatorSignIn(models.Model):
    """How operators sign in. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    passwords = models.BooleanField(default=True)
    """Whether operators may sign in by password."""
