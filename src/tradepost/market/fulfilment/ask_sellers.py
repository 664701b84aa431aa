"""Ask sellers what they know of instances, several at a time in one query, a few queries at once (saas-v2 §3.2).

What a seller answers for one unknown instance among several is undocumented (§3.2 notes): most refuse the whole query. Then it
is asked in halves, down to the one. Who does not answer at all is asked nothing more by this comparison.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec import Struct

from tradepost.market.base.secrets import unseal
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.protocols.commands import Done, Fault

from .drift import Answer, SellerSide

NO_SUCH_INSTANCE = "000003"
"""saas-v2 §4: the instance id does not exist."""
LOOK_EVERY = 0.05
OF_THE_ANSWER = frozenset({Fault.OTHER_INSTANCE, Fault.MISSING_FIELD, Fault.BAD_FIELD, Fault.NOT_JSON, Fault.TOO_LARGE})
"""Faults of what was said, not of the server: asked for fewer instances it may say something better."""


class Pace(Struct, frozen=True, kw_only=True):
    """``batch``: instances in one query. ``at_once``: queries under way. ``patience``: seconds for one, its wait for a place
    included."""

    batch: int = 50
    at_once: int = 2
    patience: float = 180.0


class Question(Struct, frozen=True):
    """``alone``: for what is likely not there any more, since it would spoil the query for the others."""

    address: Address
    instance_id: str
    alone: bool = False


class Inquirer(Struct, frozen=True):
    """Who asks: ``owner`` is the key of its job; ``go_on`` raises when it is to end."""

    owner: int
    pace: Pace
    now: Callable[[], datetime]
    go_on: Callable[[], None]


type Replies = dict[tuple[int, str], SellerSide]
"""By key of the address and instance."""

NO_ANSWER = SellerSide(answer=Answer.NO_ANSWER)


def ask(questions: Iterable[Question], inquirer: Inquirer) -> Replies:
    """What the sellers say, of every question. No transaction may be open: it waits for their servers."""
    return _Round(inquirer, deque(_batches(questions, inquirer.pace.batch))).run()


type Batch = tuple[Address, tuple[str, ...]]


@dataclass(slots=True)
class _Round:
    """The queries of one chunk: what waits, what is under way, and what was learned so far."""

    inquirer: Inquirer
    waiting: deque[Batch]
    under_way: dict[int, tuple[Batch, float]] = field(default_factory=dict)
    """By key of the call, with the moment at which it is waited for no more."""
    silent: set[int] = field(default_factory=set)
    """Addresses that did not answer."""
    replies: Replies = field(default_factory=dict)

    def run(self) -> Replies:
        try:
            while self.waiting or self.under_way:
                self.inquirer.go_on()
                self._begin()
                self._end()
                if self.under_way:
                    time.sleep(LOOK_EVERY)
        finally:
            calls.cancel(list(self.under_way), now=self.inquirer.now())
        return self.replies

    def _begin(self) -> None:
        while self.waiting and len(self.under_way) < self.inquirer.pace.at_once:
            address, instances = batch = self.waiting.popleft()
            if address.pk in self.silent or address.breaker != Address.Breaker.CLOSED:
                self._learn(batch, NO_ANSWER)
                continue
            call = calls.compare(address, instances, owner=self.inquirer.owner, now=self.inquirer.now())
            self.under_way[call.pk] = (batch, time.monotonic() + self.inquirer.pace.patience)

    def _end(self) -> None:
        ended = list(Call.objects.filter(pk__in=list(self.under_way)).exclude(outcome=""))
        if ended:
            calls.forget([call.pk for call in ended])
        for call in ended:
            batch, _until = self.under_way.pop(call.pk)
            self._read(call, batch)
        late = [pk for pk, (_batch, until) in self.under_way.items() if time.monotonic() > until]
        for pk in late:
            batch, _until = self.under_way.pop(pk)
            calls.cancel([pk], now=self.inquirer.now())
            self.silent.add(batch[0].pk)
            self._learn(batch, NO_ANSWER)

    def _read(self, call: Call, batch: Batch) -> None:
        address, instances = batch
        if call.outcome == Call.Outcome.DONE:
            said = _said(call)
            self.replies.update({(address.pk, one): said.get(one, NO_ANSWER) for one in instances})
            return
        answered = call.last_verdict.isdecimal() or call.last_verdict in {"pending", *OF_THE_ANSWER}
        if len(instances) > 1 and answered:
            half = len(instances) // 2
            self.waiting.extend([(address, instances[:half]), (address, instances[half:])])
            return
        if not answered:
            self.silent.add(address.pk)
        self._learn(batch, SellerSide(answer=_MEANS.get(call.last_verdict, Answer.NO_ANSWER)))

    def _learn(self, batch: Batch, reply: SellerSide) -> None:
        address, instances = batch
        self.replies.update({(address.pk, one): reply for one in instances})


_MEANS = {NO_SUCH_INSTANCE: Answer.UNKNOWN, "pending": Answer.PENDING}
"""Of one instance alone: what a verdict says of it."""


def _batches(questions: Iterable[Question], most: int) -> Iterator[Batch]:
    by_address: defaultdict[int, list[Question]] = defaultdict(list)
    for one in questions:
        if one.alone:
            yield one.address, (one.instance_id,)
        else:
            by_address[one.address.pk].append(one)
    for alike in by_address.values():
        ids = list(dict.fromkeys(one.instance_id for one in alike))
        for first in range(0, len(ids), most):
            yield alike[0].address, tuple(ids[first : first + most])


def _said(call: Call) -> Mapping[str, SellerSide]:
    if not call.sealed_answer:
        return {}
    answer = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done)
    return {one.instance_id: SellerSide(answer=Answer.HAS, access=one.app) for one in answer.instances}
