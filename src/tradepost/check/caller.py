"""Plays the market for one check: a requester that also has instances to work on, and knows what the seller offers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query, Release, SetStatus
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant
from tradepost.protocols.text import Text

from .budget import TIDYING, RunBudget
from .instance_pool import CreatedInstance, usable_id
from .outcomes import Blocked, Failed, Skipped
from .provisioning import create_instances
from .requester import Requester

if TYPE_CHECKING:
    from .answers import Answer
    from .history import History
    from .market_side import MarketSide
    from .session import Session

__all__ = ["Caller", "CreatedInstance", "usable_id"]


@dataclass(slots=True)
class Caller(Requester):
    """What a check is given."""

    @property
    def history(self) -> History:
        """All that came of the run so far, for the checks that are about it."""
        return self.session.history

    @property
    def market_side(self) -> MarketSide:
        """What the seller's program calls, which remembers only what came. Skips the check in a run without one."""
        if self.session.market_side is None:
            raise Skipped(
                Text(en="this run plays no market that a seller could call", zh="本次测试没有充当可供商家调用的云商店")
            )
        return self.session.market_side

    @property
    def patience(self) -> float:
        """Seconds within which what was promised must come."""
        return self.session.options.patience

    # --- what the seller offers ----------------------------------------------------------------------------------------

    def offers(self, kind: type[Command]) -> bool:
        """Whether an optional activity is implemented: a correct test call of it is not refused."""

        def find_out() -> bool:
            command = self.samples.of(kind, self.any_id(), test=True)
            return command is not None and self.ask(command).accepted

        # What fails in parallel may be our haste, and is not remembered.
        return self.session.profile.holds(kind, find_out, remember_no=not self.parallel)

    def need(self, kind: type[Command]) -> None:
        """Skips the check when the seller does without an activity that it may leave out."""
        if kind in self.target.left_out:
            name = self.target.activity(kind)
            raise Skipped(
                Text(en=f"{name} is left out by this seller (saas-v2 §1.4)", zh=f"该商家不提供{name}（saas-v2 §1.4）")
            )
        if kind in self.target.specification.optional and not self.offers(kind):
            if not any(map(self.offers, self.target.protocol.activities)):
                # All may be left out, but a seller that offers none has nothing to be tested for.
                return
            name = self.target.activity(kind)
            raise Skipped(
                Text(
                    en=f"{name} is refused: optional, and taken as not offered (saas-v2 §1.4)",
                    zh=f"{name}被拒绝：该接口可选，视为未提供（saas-v2 §1.4）",
                ),
            )

    def need_correct(self) -> None:
        """A seller that refuses everything is told so once, not by every check that sends a correct request."""

        def find_out() -> bool:
            return self.ask(self.harmless()).accepted

        if not self.session.profile.holds("accepts a correct request", find_out, remember_no=False):
            raise Blocked(Text(en="an ordinary correct request is refused already", zh="普通的正确请求已经被拒绝"))

    def need_real(self) -> None:
        """Where no real creation works, that is the mistake, not what a test call did before."""

        def find_out() -> bool:
            # A fresh one: a test call may have done harm to the others.
            return self.look_up(self.fresh().instance_id).succeeded

        if not self.session.profile.holds("keeps a real instance", find_out, remember_no=not self.parallel):
            raise Blocked(
                Text(
                    en="a real instance is not there after its creation, see the groups shape and debug",
                    zh="真实实例创建后不存在，见shape组与debug组",
                ),
            )

    # --- commands ------------------------------------------------------------------------------------------------------

    def harmless(self, *, test: bool = True) -> Command:
        """A correct command that changes nothing: a query where there is one, else a test call."""
        if self.target.has(Query):
            return Query(instance_ids=(self.any_id(test=test),), test=test)
        for kind in self.target.protocol.activities:
            command = self.samples.of(kind, self.any_id(), test=True)
            if command is not None and kind not in self.target.left_out:
                return command
        raise Skipped(Text(en="the tester has no sample of this version's requests", zh="测试程序没有该版本的请求样例"))

    def real(self) -> Command:
        """A real command that harms nobody even where it is obeyed: about what does not exist, or a query."""
        known = [kind for kind in self.target.protocol.activities if kind not in self.target.left_out]
        if Query in known:
            return Query(instance_ids=(self.any_id(test=False),))
        if SyncTenant in known:
            return replace(self.samples.tenant(test=False), flag=SyncFlag.DELETE)
        kind = next((kind for kind in (SetStatus, Release, *known) if kind in known), None)
        command = self.samples.of(kind, self.samples.unknown_id()) if kind else None
        return command or self.harmless()

    # --- instances -----------------------------------------------------------------------------------------------------

    def any_id(self, *, test: bool = True) -> str:
        """An instance id for test calls, or to look at: one that exists if there is any, else an invented one."""
        if Create in self.target.protocol.activities:
            pool = self.session.pool
            try:
                return (pool.for_tests(self._create) if test else pool.read_only(self._create)).instance_id
            except Skipped:
                pass
            except Failed:
                if self.session.budget.given_up:
                    raise
        return self.samples.unknown_id()

    def instance(self, *, keep: bool = False) -> CreatedInstance:
        """A ready instance of its own for a check. ``keep``: only to look at, others look at it too."""
        pool = self.session.pool
        return pool.read_only(self._create) if keep else pool.acquire(self._create, parallel=self.parallel)

    def fresh(self) -> CreatedInstance:
        """A ready instance that no check has touched."""
        return self.session.pool.fresh(self._create, parallel=self.parallel)

    def _create(self, number: int) -> list[CreatedInstance]:
        return create_instances(self, number)

    @property
    def creation_refused(self) -> bool:
        """Whether the seller refused the first instance, so that there are none."""
        return self.session.pool.refusal is not None

    def look_up(self, instance_id: str) -> Answer:
        """Whether it is there: by a query, or by a renewal, which a released one refuses."""
        queried = self.target.has(Query)
        return self.ask(Query(instance_ids=(instance_id,)) if queried else self.samples.refresh(instance_id))

    def give_back(self, *made: CreatedInstance) -> None:
        """Instances that a check left as they were: ready, not frozen, not released."""
        for one in made:
            self.session.pool.give_back(one)

    @contextmanager
    def borrowed_instance(self) -> Iterator[CreatedInstance]:
        """An instance of its own, which the check leaves as it was when nothing goes wrong."""
        made = self.instance()
        yield made
        self.give_back(made)

    def forget_instances(self) -> None:
        """The seller has none of them any more: others are created for the checks that follow."""
        self.session.pool.forget()

    def release_at_end(self, instance_id: str) -> None:
        """For what exists though no creation was asked for."""
        self.session.pool.note_created(instance_id)


def clean_up(session: Session) -> tuple[str, ...]:
    """Releases what the run made; gives the ids for which there was no time. What the seller says does not matter any more."""
    ids = session.pool.created
    if not session.target.has(Release):
        return ids
    caller, left = Caller(session), RunBudget(within=TIDYING)

    def release(instance_id: str) -> bool:
        with session.concurrency.slot():
            if left.over:
                return False
            request = caller.request(caller.samples.release(instance_id))
            return not session.client.send(request, within=left.left).fault

    if session.concurrency.parallel:
        with ThreadPoolExecutor(session.concurrency.most) as threads:
            released = list(threads.map(release, ids))
    else:
        released = [release(instance_id) for instance_id in ids]
    return tuple(one for one, done in zip(ids, released, strict=True) if not done)
