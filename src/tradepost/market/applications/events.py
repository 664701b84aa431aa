"""What happened to bindings of applications, and to who may use them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("authorisation_withdrawn", about=("binding", "enterprise"))
class AuthorisationWithdrawn(Struct, frozen=True, kw_only=True):
    """Members may not use an application any more. ``members``: their keys, empty when it is nobody of the enterprise."""

    binding: int
    enterprise: int
    application: int
    members: tuple[int, ...]
    at: datetime


@event("enterprise_bound", about=("binding", "enterprise"))
class EnterpriseBound(Struct, frozen=True, kw_only=True):
    """The seller knows an enterprise with its client and departments: its members can be authorised."""

    binding: int
    enterprise: int
    at: datetime


@event("sync_delayed", about=("binding", "sync"))
class SyncDelayed(Struct, frozen=True, kw_only=True):
    """A call to a seller failed for the first time and is retried later (openapi-jointkit §A.5)."""

    binding: int
    sync: int
    at: datetime


@event("sync_retry_requested", about=("binding",))
class SyncRetryRequested(Struct, frozen=True, kw_only=True):
    """Somebody wants the failed calls of a binding retried at once, among those of many bindings."""

    binding: int
    actor: str


@event("sync_resend_requested", about=("binding",))
class SyncResendRequested(Struct, frozen=True, kw_only=True):
    """A seller wants everything about a binding sent again, among many bindings."""

    binding: int
    actor: str


@event("sync_stopped", about=("binding", "sync"))
class SyncStopped(Struct, frozen=True, kw_only=True):
    """Retries ended without success: the buyer decides whether to try again (openapi-jointkit §A.5)."""

    binding: int
    sync: int
    at: datetime
