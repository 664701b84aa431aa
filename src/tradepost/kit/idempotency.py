"""Run a task once, even if several threads and processes request it at the same time."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from .answers import INTERNAL_ERROR, Reject
from .store import BusyClaim, FinishedClaim, GrantedClaim

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .store import Claim, Nonce, Store

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.005
MAX_PAUSE = 0.1


class Replayed(Exception):
    """The request was seen before and was not executed."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """``lease``: time after which another process may take over the claim of a crashed one; must exceed the slowest
    handler.

    ``patience``: how long a repeat waits for the running task, below the market's 5 s limit (saas-v2 §3.0).
    """

    store: Store
    lease: timedelta
    patience: timedelta

    def run(
        self,
        key: str,
        *,
        first_id: str,
        now: datetime,
        owner: str,
        act: Callable[[str], str | None],
        nonce: Nonce | None = None,
    ) -> str:
        """Return the ID of the task's instance, after ``act`` ran here or another process finished the task.

        ``act`` receives the ID that the first request suggested, runs the task, and stores its result together with the
        end of the claim. It returns the instance ID, or None if the claim was lost. If it raises, the claim is released
        so that the next repeat can try. ``nonce``: of the request, if it is not stored yet; raises ``Replayed`` if it
        was seen before.
        """
        claim = self._claim(key, first_id, now, owner, nonce)
        if isinstance(claim, GrantedClaim):
            try:
                instance_id = act(claim.first_id)
            except BaseException:
                self.store.give_back(key, owner)
                raise
            if instance_id is not None:
                return instance_id
            log.error("%r took longer than its lease of %s and was done again by another request", key, self.lease)
            claim = self.store.claim(key, owner=owner, first_id=first_id, now=now, until=now)
        if isinstance(claim, FinishedClaim):
            return claim.instance_id
        raise Reject(INTERNAL_ERROR, "an earlier request for the same order is still being worked on; ask again later")

    def _claim(self, key: str, first_id: str, now: datetime, owner: str, nonce: Nonce | None) -> Claim:
        # Measured rather than summed from the pauses, since a slow store also uses up the market's timeout.
        began, waited_time = time.monotonic(), timedelta()
        pause = FIRST_PAUSE
        claim: Claim | None
        while True:
            moment = now + waited_time
            if nonce is None or waited_time:
                claim = self.store.claim(key, owner=owner, first_id=first_id, now=moment, until=moment + self.lease)
            else:
                claim = self.store.claim_fresh(
                    nonce, key, owner=owner, first_id=first_id, now=moment, until=moment + self.lease
                )
            if claim is None:
                raise Replayed
            if not isinstance(claim, BusyClaim) or waited_time >= self.patience:
                return claim
            time.sleep(pause)
            waited_time = timedelta(seconds=time.monotonic() - began)
            pause = min(pause * 2, MAX_PAUSE)
