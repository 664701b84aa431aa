"""Mutants that forget too early which requests they received (saas-v2 §2.4)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock

from tradepost.protocols.contract import Denied, NonceSeen
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.http import Request

from .definition import wire_mutant
from .spelled import SpelledV2

SIGNATURE = "signature"


@wire_mutant("accepts_replayed_nonce", SIGNATURE, replay_after=11)
class ForgetsNoncesAfterTenSeconds(SpelledV2):
    """A cache whose time to live is shorter than the timestamp's 60 s."""

    seconds = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, float] = {}
        self.lock = Lock()

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        with self.lock:
            before = self.seen.get(given["nonce"])
            if before is not None and time.monotonic() - before < self.seconds:
                raise Denied("000001", "nonce was used before")
            self.seen[given["nonce"]] = time.monotonic()


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class ForgetsByTheTimestamp(SpelledV2):
    """Nonces are kept until ten seconds after the request was made, not after it arrived: that of an older request is
    never stored."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        self.seen = {nonce: made for nonce, made in self.seen.items() if epoch_ms(now) - made < 10_000}
        if given["nonce"] in self.seen:
            raise Denied("000001", "nonce was used before")
        self.seen[given["nonce"]] = int(given["timestamp"])


@wire_mutant("accepts_replayed_nonce", SIGNATURE, "shape", "wire")
class RemembersTheLastForty(SpelledV2):
    """A cache with a maximum number of entries."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: OrderedDict[str, None] = OrderedDict()

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        if given["nonce"] in self.seen:
            raise Denied("000001", "nonce was used before")
        self.seen[given["nonce"]] = None
        while len(self.seen) > 40:
            self.seen.popitem(last=False)


@wire_mutant("accepts_replayed_nonce", SIGNATURE)
class ComparesWithTheLastTimestamp(SpelledV2):
    """Instead of nonces: no request may have the timestamp of the previous one."""

    last = ""

    def check_nonce(self, given: Mapping[str, str], request: Request, now: datetime, nonce_seen: NonceSeen) -> None:
        if given["nonce"] + given["timestamp"] == self.last:
            raise Denied("000001", "sent twice")
        self.last = given["nonce"] + given["timestamp"]
