"""Query sellers about instances, several per query and a few queries at once (saas-v2 §3.2).

The answer for one unknown instance among several is undocumented (§3.2 notes): most sellers refuse the whole query. The
query is then split in halves, down to one instance. A seller that does not answer is not queried again in this
comparison.
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
"""saas-v2 §4: the instance ID does not exist."""
POLL_INTERVAL = 0.05
ANSWER_FAULTS = frozenset({Fault.OTHER_INSTANCE, Fault.MISSING_FIELD, Fault.BAD_FIELD, Fault.NOT_JSON, Fault.TOO_LARGE})
"""Faults of the answer, not of the server: a query for fewer instances may succeed."""


class QueryLimits(Struct, frozen=True, kw_only=True):
    """``batch``: instances per query. ``at_once``: concurrent queries. ``patience``: seconds per query, including its
    wait for a place."""

    batch: int = 50
    at_once: int = 2
    patience: float = 180.0


class InstanceQuery(Struct, frozen=True):
    """``alone``: for an instance that has probably been deleted and would fail the query for the others."""

    address: Address
    instance_id: str
    alone: bool = False


class QueryJob(Struct, frozen=True):
    """The querying job. ``owner``: its key; ``go_on``: raises when it should end."""

    owner: int
    pace: QueryLimits
    now: Callable[[], datetime]
    go_on: Callable[[], None]


type Replies = dict[tuple[int, str], SellerSide]
"""By address key and instance ID."""

NO_ANSWER = SellerSide(answer=Answer.NO_ANSWER)


def query_sellers(questions: Iterable[InstanceQuery], inquirer: QueryJob) -> Replies:
    """Return the sellers' answers to all questions. No transaction may be open, because it waits for their servers."""
    return _Round(inquirer, deque(_batches(questions, inquirer.pace.batch))).run()


type Batch = tuple[Address, tuple[str, ...]]


@dataclass(slots=True)
class _Round:
    """Queries of one chunk: waiting, in flight, and answered."""

    inquirer: QueryJob
    waiting: deque[Batch]
    under_way: dict[int, tuple[Batch, float]] = field(default_factory=dict)
    """By call key, with the deadline of the answer."""
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
                    time.sleep(POLL_INTERVAL)
        finally:
            calls.cancel(list(self.under_way), now=self.inquirer.now())
        return self.replies

    def _begin(self) -> None:
        while self.waiting and len(self.under_way) < self.inquirer.pace.at_once:
            address, instances = batch = self.waiting.popleft()
            if address.pk in self.silent or address.breaker != Address.Breaker.CLOSED:
                self._learn(batch, NO_ANSWER)
                continue
            call = calls.create_comparison(address, instances, owner=self.inquirer.owner, now=self.inquirer.now())
            self.under_way[call.pk] = (batch, time.monotonic() + self.inquirer.pace.patience)

    def _end(self) -> None:
        ended_calls = list(Call.objects.filter(pk__in=list(self.under_way)).exclude(outcome=""))
        if ended_calls:
            calls.delete_answers([call.pk for call in ended_calls])
        for call in ended_calls:
            batch, _until = self.under_way.pop(call.pk)
            self._read(call, batch)
        overdue_keys = [pk for pk, (_batch, until) in self.under_way.items() if time.monotonic() > until]
        for pk in overdue_keys:
            batch, _until = self.under_way.pop(pk)
            calls.cancel([pk], now=self.inquirer.now())
            self.silent.add(batch[0].pk)
            self._learn(batch, NO_ANSWER)

    def _read(self, call: Call, batch: Batch) -> None:
        address, instances = batch
        if call.outcome == Call.Outcome.DONE:
            answers = _answers(call)
            self.replies.update({(address.pk, instance): answers.get(instance, NO_ANSWER) for instance in instances})
            return
        was_answered = call.last_verdict.isdecimal() or call.last_verdict in {"pending", *ANSWER_FAULTS}
        if len(instances) > 1 and was_answered:
            half = len(instances) // 2
            self.waiting.extend([(address, instances[:half]), (address, instances[half:])])
            return
        if not was_answered:
            self.silent.add(address.pk)
        self._learn(batch, SellerSide(answer=_MEANINGS.get(call.last_verdict, Answer.NO_ANSWER)))

    def _learn(self, batch: Batch, reply: SellerSide) -> None:
        address, instances = batch
        self.replies.update({(address.pk, instance): reply for instance in instances})


_MEANINGS = {NO_SUCH_INSTANCE: Answer.UNKNOWN, "pending": Answer.PENDING}
"""Meaning of a verdict about a single instance."""


def _batches(questions: Iterable[InstanceQuery], max_size: int) -> Iterator[Batch]:
    by_address: defaultdict[int, list[InstanceQuery]] = defaultdict(list)
    for question in questions:
        if question.alone:
            yield question.address, (question.instance_id,)
        else:
            by_address[question.address.pk].append(question)
    for group in by_address.values():
        ids = list(dict.fromkeys(grouped_question.instance_id for grouped_question in group))
        for start in range(0, len(ids), max_size):
            yield group[0].address, tuple(ids[start : start + max_size])


def _answers(call: Call) -> Mapping[str, SellerSide]:
    if not call.sealed_answer:
        return {}
    answer = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done)
    return {instance.instance_id: SellerSide(answer=Answer.HAS, access=instance.app) for instance in answer.instances}
