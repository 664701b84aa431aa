"""Makes a piece of work happen once, however many times, threads and processes ask for it at the same moment."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from .answers import INTERNAL_ERROR, Reject
from .store import Busy, Finished, Mine

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .store import Claim, Nonce, Store

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.1


class Replayed(Exception):
    """The request was seen before; nothing was done for it."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """``lease``: after it a claim of a process that died may be taken over; it must exceed the slowest handler.

    ``patience``: how long a repeat waits for the one that is at work, below the market's 5 s limit (saas-v2 §3.0).
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
        """The id of the instance that the work is about, after ``act`` ran here or somebody else finished it.

        ``act`` gets the id suggested by the first request for this work, does it, stores the result together with the
        end of the claim, and returns the instance id; None when the claim was lost meanwhile. When it raises, the
        claim is given back, so that the next repeat tries again. ``nonce``: of the request, when nobody has remembered it
        yet; raises ``Replayed`` when somebody had.
        """
        claim = self._claim(key, first_id, now, owner, nonce)
        if isinstance(claim, Mine):
            try:
                instance_id = act(claim.first_id)
            except BaseException:
                self.store.give_back(key, owner)
                raise
            if instance_id is not None:
                return instance_id
            log.error("%r took longer than its lease of %s and was done again by another request", key, self.lease)
            claim = self.store.claim(key, owner=owner, first_id=first_id, now=now, until=now)
        if isinstance(claim, Finished):
            return claim.instance_id
        raise Reject(INTERNAL_ERROR, "an earlier request for the same order is still being worked on; ask again later")

    def _claim(self, key: str, first_id: str, now: datetime, owner: str, nonce: Nonce | None) -> Claim:
        # Measured, not added up from the pauses: a store that is slow to answer eats the market's patience as well.
        began, waited = time.monotonic(), timedelta()
        pause = FIRST_PAUSE
        claim: Claim | None
        while True:
            at = now + waited
            if nonce is None or waited:
                claim = self.store.claim(key, owner=owner, first_id=first_id, now=at, until=at + self.lease)
            else:
                claim = self.store.claim_fresh(
                    nonce, key, owner=owner, first_id=first_id, now=at, until=at + self.lease
                )
            if claim is None:
                raise Replayed
            if not isinstance(claim, Busy) or waited >= self.patience:
                return claim
            time.sleep(pause)
            waited = timedelta(seconds=time.monotonic() - began)
            pause = min(pause * 2, LONGEST_PAUSE)
