"""Interface of a seller's storage: nonces, finished work and instances. ``SQLiteStore`` implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tradepost.protocols.commands import AppInfo

    from .answers import Instance, InstanceState


@dataclass(frozen=True, slots=True)
class GrantedClaim:
    """The caller has the work until the lease ends. ``first_id``: the ID that the first claim suggested."""

    first_id: str


@dataclass(frozen=True, slots=True)
class BusyClaim:
    """Another process has the work."""


@dataclass(frozen=True, slots=True)
class FinishedClaim:
    """The work was finished before, for this instance."""

    instance_id: str


type Claim = GrantedClaim | BusyClaim | FinishedClaim


@dataclass(frozen=True, slots=True)
class Nonce:
    """Nonce of a signed request, which is refused if repeated before ``until``."""

    text: str
    until: datetime


class Store(Protocol):
    """Storage of a ``Seller``. Every method is atomic and thread-safe."""

    def nonce_seen(self, nonce: str, *, now: datetime, until: datetime) -> bool:
        """Return True if the nonce is stored; otherwise store it until then."""
        ...

    def claim(self, key: str, *, owner: str, first_id: str, now: datetime, until: datetime) -> Claim:
        """Claim the work unless it is finished, or leased to another owner beyond ``now``."""
        ...

    def claim_fresh(
        self, nonce: Nonce, key: str, *, owner: str, first_id: str, now: datetime, until: datetime
    ) -> Claim | None:
        """Combine ``nonce_seen`` and ``claim``, which may share a transaction. Return None if the nonce was seen."""
        ...

    def give_back(self, key: str, owner: str) -> None:
        """End our lease without a result, so that a repeat may try at once."""
        ...

    def keep_created(self, key: str, owner: str, instance: Instance) -> bool:
        """Finish a create and add its instance, in one transaction. Return False if the lease was lost to another
        owner.

        Raises ``ValueError`` if the ID belongs to another order.
        """
        ...

    def keep_done(self, key: str, owner: str, instance_id: str, state: InstanceState | None = None) -> bool:
        """Finish other work and set the state, in one transaction. Return False if the lease was lost."""
        ...

    def find(self, instance_id: str) -> Instance | None:
        """Return an instance by its ID or its license code."""
        ...

    def pending(self) -> Sequence[Instance]:
        """Return instances that are being provisioned, to resume after a restart."""
        ...

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        """Set the expiry; calls are repeated, so never add to it (saas-v2 §3.3). An unknown ID is ignored."""
        ...

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        """Freeze or unfreeze an active or frozen instance, never one that was released in the meantime."""
        ...

    def settle(self, instance_id: str, app: AppInfo | None, license_: str, failure: str) -> bool:
        """End provisioning: active, or failed if ``failure`` is not empty. Return False if it is not being provisioned.

        An unknown ID is stored, since background work may end before ``keep_created`` runs.
        """
        ...
