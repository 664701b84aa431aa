"""Instances that the run created at the seller, for checks to read or change, and results of their creation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from .outcomes import Blocked, Skipped
from .samples import Order

BATCH = 8
"""Instances created together, so that an asynchronous seller delays the run less often."""
FIRST_BATCH = 2
"""One for reading, one for test calls."""


@dataclass(slots=True)
class CreatedInstance:
    """An instance that this run created. ``expires_at``: from its creation, in versions that send it."""

    instance_id: str
    order: Order
    expires_at: datetime | None = None


type Create = Callable[[int], list[CreatedInstance]]
"""Creates that many instances and waits until they are ready; returns at least one. Raises ``Skipped`` if the seller
refuses."""


def usable_id(instance_id: str) -> bool:
    """Return whether other activities can carry the ID (saas-v2 §3.1, §3.2)."""
    return 0 < len(instance_id.strip()) <= 64 and "," not in instance_id


@dataclass(slots=True)
class InstancePool:
    """Thread-safe. ``first_batch``: number of instances created before the first is returned."""

    first_batch: int = FIRST_BATCH
    refusal: Skipped | None = None
    """Why there are no instances: the first creation was refused or did not end."""
    unfinished: Blocked | None = None
    """Why there are no more instances: a later creation did not end. The run waits for it only once."""
    asynchronous: bool = False
    """Whether a creation was answered with 000004, so that more data may arrive later."""
    never_ready: bool = False
    """Whether the run waited for an instance in vain; it does so only once."""
    _created: dict[str, None] = field(default_factory=dict)
    _free: list[CreatedInstance] = field(default_factory=list)
    _read_only: CreatedInstance | None = None
    _for_tests: CreatedInstance | None = None
    _lock: Lock = field(default_factory=Lock)
    """Held while instances are created, so that other threads wait instead of creating more."""
    _note_lock: Lock = field(default_factory=Lock)
    """Separate lock for notes during the creation."""

    @property
    def created(self) -> tuple[str, ...]:
        """IDs to release at the end, so that a run leaves nothing behind."""
        with self._note_lock:
            return tuple(self._created)

    def note_created(self, instance_id: str, *, pending: bool = False) -> None:
        """Note an ID for the release. ``pending``: it was announced with 000004."""
        with self._note_lock:
            self._created.setdefault(instance_id)
            self.asynchronous |= pending

    def read_only(self, create: Create) -> CreatedInstance:
        """Return the instance that all checks may read and none may change."""
        with self._lock:
            return self._begun(create)

    def for_tests(self, create: Create) -> CreatedInstance:
        """Return the instance for test calls: a seller that executes them must not damage the one for reading."""
        with self._lock:
            return self._for_tests or self._begun(create)

    def acquire(self, create: Create, *, parallel: bool) -> CreatedInstance:
        """Return an instance for one check: ready, neither frozen nor released."""
        with self._lock:
            self._begun(create)
            if self._free:
                return self._free.pop()
            if not parallel:
                self._free = self._more(create, BATCH)
                return self._free.pop()
        # Further instances are created by the threads that need them, in parallel.
        return self._more(create, 1, parallel=True)[0]

    def fresh(self, create: Create, *, parallel: bool) -> CreatedInstance:
        """Return an instance that no check has used."""
        with self._lock:
            self._begun(create)
        return self._more(create, 1, parallel=parallel)[0]

    def _more(self, create: Create, number: int, *, parallel: bool = False) -> list[CreatedInstance]:
        if self.unfinished is not None:
            raise self.unfinished
        try:
            return create(number)
        except Blocked as reason:
            # A failure in parallel may result from the tester's load.
            if not parallel:
                self.unfinished = reason
            raise

    def give_back(self, instance: CreatedInstance) -> None:
        """Return an unchanged instance to the pool."""
        with self._lock:
            self._free.insert(0, instance)

    def forget(self) -> None:
        """Discard all instances: a seller that lost one has lost all."""
        with self._lock:
            self._free, self._read_only, self._for_tests = [], None, None

    def _begun(self, create: Create) -> CreatedInstance:
        if self.refusal is not None:
            raise self.refusal
        if self._read_only is None:
            try:
                first_instances = create(self.first_batch)
            except Skipped as reason:
                self.refusal = reason
                raise
            self._read_only = first_instances.pop()
            # A refusal of the second instance is a separate mistake.
            self._for_tests = first_instances.pop() if first_instances else self._read_only
            self._free += first_instances
        return self._read_only
