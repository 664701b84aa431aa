"""Sign-ins of members, and grants of applications: codes, tokens and tickets. Secrets are hashed; times are real
time."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

MAX_NONCE_LENGTH = 255
HASH_LENGTH = 64
"""Hexadecimal digits of a SHA-256. The secrets have 256 random bits, so a plain hash is safe."""


class SignInSession(models.Model):
    """A browser in which a member is signed in at the auth centre of an enterprise."""

    class Way(models.TextChoices):
        PASSWORD = "password", _("Password")
        ACCOUNT = "account", _("Market account")

    class SecondStep(models.TextChoices):
        NONE = "", _("No second step")
        APP = "otp", _("Authenticator app")
        RECOVERY = "recovery", _("Recovery code")
        MARKET = "market", _("Two-step sign-in of the market account")

    member = models.ForeignKey(Member, models.CASCADE, related_name="sign_ins", db_index=False)
    secret_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    """Hash of the secret in the browser's cookie."""
    way = models.CharField(max_length=16, choices=Way)
    second_step = models.CharField(max_length=16, choices=SecondStep, blank=True, default="", db_default="")
    """The second step after the password; reported to applications (``claims.methods``)."""
    begun_at = models.DateTimeField()
    authenticated_at = models.DateTimeField(null=True, default=None)
    """When the member last entered a password, here or at the market; null in rows older than this column:
    ``begun_at``."""
    made_for = models.CharField(max_length=HASH_LENGTH, blank=True, default="", db_default="")
    """Hash of the request that caused this sign-in. Empty once that request got its code or ticket."""
    expires_at = models.DateTimeField()
    """When the browser has to sign in again. Grants of applications have their own lifetimes."""
    ended_at = models.DateTimeField(null=True, default=None)
    """When the member signed out or ended the sign-in. Its grants are revoked with it."""
    network = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    """The browser's user agent."""

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
    """The access of an application through one sign-in: all tokens of one code. Revoking it invalidates all of them."""

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
    """The member of the session, copied here so that one index finds a member's grants."""
    scope = models.CharField(max_length=200)
    begun_at = models.DateTimeField()
    used_at = models.DateTimeField()
    """When tokens were last issued."""
    expires_at = models.DateTimeField()
    """When the last token expires."""
    revoked_at = models.DateTimeField(null=True, default=None)
    why = models.CharField(max_length=16, choices=Why, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["member", "client"], name="grant_living", condition=Q(revoked_at=None)),
            models.Index(fields=["client"], name="grant_client", condition=Q(revoked_at=None)),
            models.Index(fields=["expires_at"], name="grant_expires"),
        ]


class AuthorizationCode(models.Model):
    """A code that the browser delivers to a callback, redeemable once. Used codes stay until they expire, to detect
    reuse."""

    code_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    session = models.ForeignKey(SignInSession, models.CASCADE, related_name="codes")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    redirect_uri = models.TextField(blank=True, default="")
    """The callback in the request; empty if the registered one was used by default."""
    scope = models.CharField(max_length=200)
    nonce = models.CharField(max_length=MAX_NONCE_LENGTH, blank=True, default="")
    challenge = models.CharField(max_length=128, blank=True, default="")
    """PKCE challenge (S256); empty if the application uses no PKCE."""
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)
    grant = models.OneToOneField(Grant, models.CASCADE, null=True, default=None, related_name="code")


class AccessToken(models.Model):
    token_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    grant = models.ForeignKey(Grant, models.CASCADE, related_name="access_tokens")
    expires_at = models.DateTimeField(db_index=True)


class RefreshToken(models.Model):
    """A token that is valid once and is replaced on use. A second use revokes the grant (RFC 9700 §4.14)."""

    token_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    grant = models.ForeignKey(Grant, models.CASCADE, related_name="refresh_tokens")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)


class ServiceTicket(models.Model):
    """A ticket that the browser delivers to a CAS service, for one validation with any result."""

    ticket_hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    session = models.ForeignKey(SignInSession, models.CASCADE, related_name="tickets")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    service = models.TextField()
    from_new_login = models.BooleanField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, default=None)


class Jwk(models.Model):
    """A key that signs id tokens. ``key_rotation`` chooses the signing and the published keys."""

    kid = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    """The private key as a JWK."""
    public = models.JSONField()
    created_at = models.DateTimeField()
    signs_from = models.DateTimeField()


class Consent(models.Model):
    """A member's consent to share details with an application."""

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
