"""Events of bindings and authorisations."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("authorisation_withdrawn", about=("binding", "enterprise"))
class AuthorisationWithdrawn(Struct, frozen=True, kw_only=True):
    """Members lost the right to use an application. ``members``: their keys; empty for all members of the
    enterprise."""

    binding: int
    enterprise: int
    application: int
    members: tuple[int, ...]
    at: datetime


@event("enterprise_bound", about=("binding", "enterprise"))
class EnterpriseBound(Struct, frozen=True, kw_only=True):
    """The seller knows the enterprise, its client and its departments, so members can be authorised."""

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
    """An immediate retry of a binding's failed calls was requested, as part of many."""

    binding: int
    actor: str


@event("sync_resend_requested", about=("binding",))
class SyncResendRequested(Struct, frozen=True, kw_only=True):
    """A seller requested a full synchronisation of a binding, as part of many."""

    binding: int
    actor: str


@event("sync_stopped", about=("binding", "sync"))
class SyncStopped(Struct, frozen=True, kw_only=True):
    """Retries ended without success. The buyer decides whether to try again (openapi-jointkit §A.5)."""

    binding: int
    sync: int
    at: datetime
