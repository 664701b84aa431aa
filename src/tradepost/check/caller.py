"""Acts as the market for one check: a requester with instances to work on, which knows the activities that the seller
offers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Create, Query, Release, SetStatus
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant
from tradepost.protocols.text import Text

from .budget import CLEANUP_SECONDS, RunBudget
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
    """The argument of a check."""

    @property
    def history(self) -> History:
        """The results of the run so far, for checks about the whole run."""
        return self.session.history

    @property
    def market_side(self) -> MarketSide:
        """The endpoints for the seller's program, which only record its calls. Skips the check in a run without
        them."""
        if self.session.market_side is None:
            raise Skipped(
                Text(en="this run plays no market that a seller could call", zh="本次测试没有充当可供商家调用的云商店")
            )
        return self.session.market_side

    @property
    def patience(self) -> float:
        """Maximum seconds to wait for asynchronous work."""
        return self.session.options.patience

    # --- activities of the seller
    # ----------------------------------------------------------------------------------------

    def offers(self, kind: type[Command]) -> bool:
        """Return whether an optional activity is implemented: a correct test call of it succeeds."""

        def find_out() -> bool:
            command = self.samples.of(kind, self.any_id(), test=True)
            return command is not None and self.ask(command).accepted

        # A failure in parallel may result from the tester's load, so it is not stored.
        return self.session.profile.holds(kind, find_out, remember_no=not self.parallel)

    def need(self, kind: type[Command]) -> None:
        """Skip the check if the seller does not offer an optional activity."""
        if kind in self.target.left_out:
            name = self.target.activity(kind)
            raise Skipped(
                Text(en=f"{name} is left out by this seller (saas-v2 §1.4)", zh=f"该商家不提供{name}（saas-v2 §1.4）")
            )
        if kind in self.target.specification.optional and not self.offers(kind):
            if not any(map(self.offers, self.target.protocol.activities)):
                # All activities may be optional, but a seller that offers none would leave nothing to test.
                return
            name = self.target.activity(kind)
            raise Skipped(
                Text(
                    en=f"{name} is refused: optional, and taken as not offered (saas-v2 §1.4)",
                    zh=f"{name}被拒绝：该接口可选，视为未提供（saas-v2 §1.4）",
                ),
            )

    def need_correct(self) -> None:
        """Block the check if the seller refuses every correct request, so that the reason is reported once."""

        def find_out() -> bool:
            return self.ask(self.harmless()).accepted

        if not self.session.profile.holds("accepts a correct request", find_out, remember_no=False):
            raise Blocked(Text(en="an ordinary correct request is refused already", zh="普通的正确请求已经被拒绝"))

    def need_real(self) -> None:
        """Block the check if real instances do not work, which is then the mistake to report."""

        def find_out() -> bool:
            # A fresh instance: a test call may have damaged the others.
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
        """Return a correct command without side effects: a query if available, else a test call."""
        if self.target.has(Query):
            return Query(instance_ids=(self.any_id(test=test),), test=test)
        for kind in self.target.protocol.activities:
            command = self.samples.of(kind, self.any_id(), test=True)
            if command is not None and kind not in self.target.left_out:
                return command
        raise Skipped(Text(en="the tester has no sample of this version's requests", zh="测试程序没有该版本的请求样例"))

    def real(self) -> Command:
        """Return a real command without harmful effects: a query, or one about something that does not exist."""
        known_names = [kind for kind in self.target.protocol.activities if kind not in self.target.left_out]
        if Query in known_names:
            return Query(instance_ids=(self.any_id(test=False),))
        if SyncTenant in known_names:
            return replace(self.samples.tenant(test=False), flag=SyncFlag.DELETE)
        kind = next((kind for kind in (SetStatus, Release, *known_names) if kind in known_names), None)
        command = self.samples.of(kind, self.samples.unknown_id()) if kind else None
        return command or self.harmless()

    # --- instances -----------------------------------------------------------------------------------------------------

    def any_id(self, *, test: bool = True) -> str:
        """Return an instance ID for test calls and queries: an existing one if available, else an invented one."""
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
        """Return a ready instance for this check alone. ``keep``: read-only, shared with other checks."""
        pool = self.session.pool
        return pool.read_only(self._create) if keep else pool.acquire(self._create, parallel=self.parallel)

    def fresh(self) -> CreatedInstance:
        """Return a ready instance that no check has used."""
        return self.session.pool.fresh(self._create, parallel=self.parallel)

    def _create(self, number: int) -> list[CreatedInstance]:
        return create_instances(self, number)

    @property
    def creation_refused(self) -> bool:
        """Whether the seller refused the first instance, so that there are none."""
        return self.session.pool.refusal is not None

    def look_up(self, instance_id: str) -> Answer:
        """Query the instance, or renew it in versions without a query, since a released one refuses."""
        has_query = self.target.has(Query)
        return self.ask(Query(instance_ids=(instance_id,)) if has_query else self.samples.refresh(instance_id))

    def give_back(self, *instances: CreatedInstance) -> None:
        """Return instances to the pool that the check left unchanged: ready, not frozen, not released."""
        for instance in instances:
            self.session.pool.give_back(instance)

    @contextmanager
    def borrowed_instance(self) -> Iterator[CreatedInstance]:
        """Provide an instance for this check alone, which it leaves unchanged if nothing fails."""
        instance = self.instance()
        yield instance
        self.give_back(instance)

    def forget_instances(self) -> None:
        """Discard the pool after the seller lost its instances; later checks create new ones."""
        self.session.pool.forget()

    def release_at_end(self, instance_id: str) -> None:
        """Release an instance at the end that exists although the check did not intend to create it."""
        self.session.pool.note_created(instance_id)


def clean_up(session: Session) -> tuple[str, ...]:
    """Release the instances of the run, ignoring the answers. Return the IDs for which there was no time."""
    ids = session.pool.created
    if not session.target.has(Release):
        return ids
    caller, budget = Caller(session), RunBudget(within=CLEANUP_SECONDS)

    def release(instance_id: str) -> bool:
        with session.concurrency.slot():
            if budget.over:
                return False
            request = caller.request(caller.samples.release(instance_id))
            return not session.client.send(request, within=budget.left).fault

    if session.concurrency.parallel:
        with ThreadPoolExecutor(session.concurrency.most) as threads:
            released_ids = list(threads.map(release, ids))
    else:
        released_ids = [release(instance_id) for instance_id in ids]
    return tuple(name for name, done in zip(ids, released_ids, strict=True) if not done)
