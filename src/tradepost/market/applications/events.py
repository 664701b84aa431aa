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


@event("sync_stopped", about=("binding", "sync"))
class SyncStopped(Struct, frozen=True, kw_only=True):
    """A seller could not be told of an enterprise, its departments or people: the buyer decides whether to try again
    (openapi-jointkit §A.5)."""

    binding: int
    sync: int
    at: datetime
