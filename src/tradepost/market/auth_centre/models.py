"""Sign-ins of members, and what applications hold of them: codes, tokens, tickets. Secrets stand as hashes; times are real."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

LONGEST_NONCE = 255
HASH = 64
"""Hexadecimal digits of a SHA-256. What is hashed is drawn from 256 bits, so that a plain hash tells nothing of it."""


class SignInSession(models.Model):
    """One browser in which a member is signed in at the auth centre of an enterprise."""

    class Way(models.TextChoices):
        PASSWORD = "password", _("Password")
        ACCOUNT = "account", _("Market account")

    class SecondStep(models.TextChoices):
        NONE = "", _("No second step")
        APP = "otp", _("Authenticator app")
        RECOVERY = "recovery", _("Recovery code")
        MARKET = "market", _("Two-step sign-in of the market")

    member = models.ForeignKey(Member, models.CASCADE, related_name="sign_ins", db_index=False)
    secret_hash = models.CharField(max_length=HASH, unique=True)
    """Of what the browser's cookie holds."""
    way = models.CharField(max_length=16, choices=Way)
    second_step = models.CharField(max_length=16, choices=SecondStep, blank=True, default="", db_default="")
    """By what it was taken, after the password; applications are told (``claims.methods``)."""
    begun_at = models.DateTimeField()
    authenticated_at = models.DateTimeField(null=True, default=None)
    """When the member last gave a password, here or at the market; null in rows from before this column: ``begun_at``."""
    made_for = models.CharField(max_length=HASH, blank=True, default="", db_default="")
    """Hash of the request that asked for this sign-in. Empty once that request got its code or ticket."""
    expires_at = models.DateTimeField()
    """The browser is asked to sign in anew; what applications hold goes on by its own lives."""
    ended_at = models.DateTimeField(null=True, default=None)
    """Signed out, or ended by the member: what applications hold of it is revoked with it."""
    network = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    """What the browser says it is."""

    @property
    def proved_at(self) -> datetime:
        """When the member was last authenticated (``auth_time`` of OpenID Connect)."""
        return self.authenticated_at or self.begun_at

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["member", "-id"], name="sign_in_member"),
            models.Index(fields=["expires_at"], name="sign_in_expires"),
        ]


class Grant(models.Model):
    """What an application was given of one sign-in: all tokens of one code. Revoked, none of them holds any more."""

    class Why(models.TextChoices):
        SIGNED_OUT = "signed_out", _("Signed out")
        MEMBER = "member", _("Ended by the member")
        WITHDRAWN = "withdrawn", _("No longer authorised")
        PASSWORD = "password", _("The password was reset")
        SECURED = "secured", _("Password or two-step sign-in changed")
        CODE_REPLAYED = "code_replayed", _("A code was used twice")
        TOKEN_REPLAYED = "token_replayed", _("A refresh token was used twice")  # no password

    session = models.ForeignKey(SignInSession, models.CASCADE, related_name="grants")
    client = models.ForeignKey(Client, models.CASCADE, related_name="grants", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    """The session's, so that one index finds what somebody holds."""
    scope = models.CharField(max_length=200)
    begun_at = models.DateTimeField()
    used_at = models.DateTimeField()
    """When it last gave tokens."""
    expires_at = models.DateTimeField()
    """When its last token does."""
    revoked_at = models.DateTimeField(null=True, default=None)
    why = models.CharField(max_length=16, choices=Why, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["member", "client"], name="grant_living", condition=Q(revoked_at=None)),
            models.Index(fields=["client"], name="grant_client", condition=Q(revoked_at=None)),
            models.Index(fields=["expires_at"], name="grant_expires"),
        ]


class AuthorizationCode(models.Model):
    """What a browser brings to a callback, for one redemption. Used ones stay until they expire, so that a second is seen."""

    code_hash = models.CharField(max_length=HASH, unique=True)
    session = models.ForeignKey(SignInSession, models.CASCADE, related_name="codes")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    redirect_uri = models.TextField(blank=True, default="")
    """What the request named; empty where it named none and the registered one was taken."""
    scope = models.CharField(max_length=200)
    nonce = models.CharField(max_length=LONGEST_NONCE, blank=True, default="")
    challenge = models.CharField(max_length=128, blank=True, default="")
    """Of PKCE, by S256; empty where the application began without."""
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)
    grant = models.OneToOneField(Grant, models.CASCADE, null=True, default=None, related_name="code")


class AccessToken(models.Model):
    token_hash = models.CharField(max_length=HASH, unique=True)
    grant = models.ForeignKey(Grant, models.CASCADE, related_name="access_tokens")
    expires_at = models.DateTimeField(db_index=True)


class RefreshToken(models.Model):
    """Good once: its use gives the next. A second use revokes all of its grant (RFC 9700 §4.14)."""

    token_hash = models.CharField(max_length=HASH, unique=True)
    grant = models.ForeignKey(Grant, models.CASCADE, related_name="refresh_tokens")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)


class ServiceTicket(models.Model):
    """What a browser brings to a CAS service, for one validation, right or wrong."""

    ticket_hash = models.CharField(max_length=HASH, unique=True)
    session = models.ForeignKey(SignInSession, models.CASCADE, related_name="tickets")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    service = models.TextField()
    from_new_login = models.BooleanField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)


class Jwk(models.Model):
    """A key that signs id tokens. Which one does, and which are published, says ``key_rotation``."""

    kid = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    """The private key as a JWK."""
    public = models.JSONField()
    created_at = models.DateTimeField()
    signs_from = models.DateTimeField()


class SignInFailure(models.Model):
    """Wrong passwords in a row, by who was tried and where from: kept here, for all processes and beyond a restart."""

    key = models.CharField(max_length=HASH, unique=True)
    """A keyed hash: it tells nobody whose name was tried."""
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField()


class Consent(models.Model):
    """A member let an application have details of theirs."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="consents", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    fields = models.JSONField(default=list)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["member", "client"], condition=Q(withdrawn_at=None), name="consent_once")
        ]
        indexes: ClassVar = [models.Index(fields=["member", "-id"], name="consent_member")]
