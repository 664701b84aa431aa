"""Instances that the run made at the seller, for checks to look at or to work on, and what making them showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from .outcomes import Blocked, Skipped
from .samples import Order

BATCH = 8
"""Instances made at once: an asynchronous seller then keeps the run waiting only once in a while."""
FIRST_BATCH = 2
"""One to look at, one for test calls."""


@dataclass(slots=True)
class CreatedInstance:
    """An instance that this run created. ``expires_at`` was told at its creation, where a version does so."""

    instance_id: str
    order: Order
    expires_at: datetime | None = None


type Create = Callable[[int], list[CreatedInstance]]
"""Creates that many, and waits until they are ready; gives one at least. Raises ``Skipped`` when the seller refuses."""


def usable_id(instance_id: str) -> bool:
    """Whether other activities can carry it (saas-v2 §3.1, §3.2)."""
    return 0 < len(instance_id.strip()) <= 64 and "," not in instance_id


@dataclass(slots=True)
class InstancePool:
    """Thread-safe. ``first_batch``: how many are created before the first one is given."""

    first_batch: int = FIRST_BATCH
    refusal: Skipped | None = None
    """Why there can be no instances: the first creation was refused, or did not end."""
    unfinished: Blocked | None = None
    """Why there can be no more: a later creation did not end. Waited for once, not by every check."""
    asynchronous: bool = False
    """Whether a creation was answered 000004: then more may come later than at once."""
    never_ready: bool = False
    """Whether an instance was waited for in vain: once is enough."""
    _created: dict[str, None] = field(default_factory=dict)
    _free: list[CreatedInstance] = field(default_factory=list)
    _read_only: CreatedInstance | None = None
    _for_tests: CreatedInstance | None = None
    _lock: Lock = field(default_factory=Lock)
    """Held while instances are created: who comes meanwhile waits for them instead of creating more."""
    _note_lock: Lock = field(default_factory=Lock)
    """Another one, for what those who create note meanwhile."""

    @property
    def created(self) -> tuple[str, ...]:
        """Ids to release at the end, so that a run leaves nothing behind."""
        with self._note_lock:
            return tuple(self._created)

    def note_created(self, instance_id: str, *, pending: bool = False) -> None:
        """``pending``: it was announced with 000004."""
        with self._note_lock:
            self._created.setdefault(instance_id)
            self.asynchronous |= pending

    def read_only(self, create: Create) -> CreatedInstance:
        """One that everybody may look at, and nobody changes."""
        with self._lock:
            return self._begun(create)

    def for_tests(self, create: Create) -> CreatedInstance:
        """One for test calls: a seller that obeys them must not spoil what is looked at."""
        with self._lock:
            return self._for_tests or self._begun(create)

    def acquire(self, create: Create, *, parallel: bool) -> CreatedInstance:
        """One that nobody else has: ready, neither frozen nor released."""
        with self._lock:
            self._begun(create)
            if self._free:
                return self._free.pop()
            if not parallel:
                self._free = self._more(create, BATCH)
                return self._free.pop()
        # The others are made by those who need them, side by side.
        return self._more(create, 1, parallel=True)[0]

    def fresh(self, create: Create, *, parallel: bool) -> CreatedInstance:
        """One that no check has touched."""
        with self._lock:
            self._begun(create)
        return self._more(create, 1, parallel=parallel)[0]

    def _more(self, create: Create, number: int, *, parallel: bool = False) -> list[CreatedInstance]:
        if self.unfinished is not None:
            raise self.unfinished
        try:
            return create(number)
        except Blocked as reason:
            # What does not end in parallel may be our haste.
            if not parallel:
                self.unfinished = reason
            raise

    def give_back(self, made: CreatedInstance) -> None:
        """As it was acquired."""
        with self._lock:
            self._free.insert(0, made)

    def forget(self) -> None:
        """A seller that forgot one has forgotten all."""
        with self._lock:
            self._free, self._read_only, self._for_tests = [], None, None

    def _begun(self, create: Create) -> CreatedInstance:
        if self.refusal is not None:
            raise self.refusal
        if self._read_only is None:
            try:
                first = create(self.first_batch)
            except Skipped as reason:
                self.refusal = reason
                raise
            self._read_only = first.pop()
            # A seller that refuses the second has a mistake of its own.
            self._for_tests = first.pop() if first else self._read_only
            self._free += first
        return self._read_only
