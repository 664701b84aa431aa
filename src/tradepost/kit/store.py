"""What a seller's server must remember: nonces, what it already did, and its instances. ``SQLiteStore`` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tradepost.protocols.commands import AppInfo

    from .answers import Instance, InstanceState


@dataclass(frozen=True, slots=True)
class Mine:
    """The work is ours until the lease ends. ``first_id``: the id suggested by the first claim ever made for it."""

    first_id: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else is doing it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """It was done before; this is the instance that it was about."""

    instance_id: str


type Claim = Mine | Busy | Finished


@dataclass(frozen=True, slots=True)
class Nonce:
    """Of one signed request: refused when it comes again before ``until``."""

    text: str
    until: datetime


class Store(Protocol):
    """What a ``Seller`` needs to remember. Every method is atomic and safe from any thread."""

    def nonce_seen(self, nonce: str, *, now: datetime, until: datetime) -> bool:
        """True when the nonce was given before and is still remembered; else remember it until then."""
        ...

    def claim(self, key: str, *, owner: str, first_id: str, now: datetime, until: datetime) -> Claim:
        """Take the work unless it is finished, or leased to another owner beyond ``now``."""
        ...

    def claim_fresh(
        self, nonce: Nonce, key: str, *, owner: str, first_id: str, now: datetime, until: datetime
    ) -> Claim | None:
        """``nonce_seen`` and ``claim`` together, so that they may share a transaction. None when the nonce was seen."""
        ...

    def give_back(self, key: str, owner: str) -> None:
        """End our lease without a result, so that a repeat may try at once."""
        ...

    def keep_created(self, key: str, owner: str, instance: Instance) -> bool:
        """Finish a create and add its instance, in one transaction. False when the lease was lost to another owner.

        Raises ``ValueError`` when the id belongs to another order.
        """
        ...

    def keep_done(self, key: str, owner: str, instance_id: str, state: InstanceState | None = None) -> bool:
        """Finish other work and set the state, in one transaction. False when the lease was lost."""
        ...

    def find(self, instance_id: str) -> Instance | None:
        """By instance id, else by license code."""
        ...

    def pending(self) -> Sequence[Instance]:
        """Instances still being provisioned: what to resume after a restart."""
        ...

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        """Set, not add: calls are repeated (saas-v2 §3.3). An unknown id is passed over."""
        ...

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        """Frozen or active again; only an instance that is one of the two, never one that was released meanwhile."""
        ...

    def settle(self, instance_id: str, app: AppInfo | None, license_: str, failure: str) -> bool:
        """End provisioning: active, or failed when ``failure`` has words. False when there is nothing to settle.

        An unknown id is remembered: background work may end before ``keep_created`` ran.
        """
        ...
