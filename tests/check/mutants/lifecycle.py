"""Mutants that lose, keep or confuse instances between order and release (saas-v2 §3.2 to §3.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tradepost.kit import Create, InstanceInfo, Pending, Query, Refresh, Reject, Release, SetStatus, Upgrade
from tradepost.kit.answers import Instance
from tradepost.protocols.commands import Done, InstanceStatus, Rejected

from .definition import ISSUING, ONLINE, V1, V2, Shop, answer_mutant, shop_mutant
from .twice import Middleman

LIFE = "lifecycle"
BOTH = (V2, V1)
MAKING = (*BOTH, *ISSUING)


@shop_mutant("refresh_adds", LIFE, "time", protocols=BOTH)
class RefreshAdds(Shop):
    """Each call adds the period instead of setting the time."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.added: dict[str, int] = {}

    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.added[instance.instance_id] = self.added.get(instance.instance_id, -1) + 1

    def expiry(self, instance: Instance):
        days = 30 * self.added.get(instance.instance_id, 0)
        return instance.expires_at and instance.expires_at + timedelta(days=days)


@shop_mutant("refresh_ignored", LIFE, "time", protocols=BOTH)
class RefreshIgnored(Shop):
    """Answer success but keep the first expiry."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.first: dict[str, object] = {}

    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.first.setdefault(instance.instance_id, instance.expires_at or command.expires_at)

    def expiry(self, instance: Instance):
        return self.first.get(instance.instance_id, instance.expires_at)


@shop_mutant("success_for_unknown_instance", LIFE, "shape", protocols=MAKING)
class UnknownInstanceIsFine(Middleman):
    """The number of updated rows is ignored."""

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(outcome, Rejected) and outcome.code == "000003" and not isinstance(command, Query):
            return Done()
        return outcome


@shop_mutant("success_for_unknown_instance", LIFE, "shape", protocols=BOTH)
class UnknownInstanceHasData(Middleman):
    """A query builds its answer from the id alone."""

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(command, Query) and isinstance(outcome, Rejected):
            infos = (InstanceInfo(instance_id=i, app=self.app(i)) for i in command.instance_ids)
            return Done(instances=tuple(infos))
        return outcome


@shop_mutant("released_still_answers", LIFE, protocols=MAKING)
class ReleaseDeletesNothing(Middleman):
    def act(self, command, honest):
        if isinstance(command, Release) and self.store.find(command.instance_id):
            return Done()
        return honest(command)


@shop_mutant("id_reused", LIFE, "idempotency")
class ReusesIds(Middleman):
    """A pool of prepared accounts, whose numbers are the ids: a released one is sold again."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.free: list[str] = []
        self.given: dict[tuple[str, str], str] = {}
        self.inside: dict[str, str] = {}
        """The kit's id of an account that is sold again."""

    def act(self, command, honest):
        if isinstance(command, Create):
            return self.sell(command, honest)
        if isinstance(command, Query):
            return self.tell(command, honest)
        inside = self.inside.get(command.instance_id, command.instance_id)
        outcome = honest(replace(command, instance_id=inside))
        if isinstance(command, Release) and isinstance(outcome, Done) and command.instance_id not in self.free:
            self.free.append(command.instance_id)
        return outcome

    def sell(self, command, honest):
        order = (command.order_id, command.order_line_id)
        outcome = honest(command)
        if order not in self.given and self.free:
            self.given[order] = self.free.pop()
            self.inside[self.given[order]] = outcome.instance_id
        return Done(instance_id=self.given.setdefault(order, outcome.instance_id))

    def tell(self, command, honest):
        asked = {self.inside.get(i, i): i for i in command.instance_ids}
        outcome = honest(replace(command, instance_ids=tuple(asked)))
        if not isinstance(outcome, Done):
            return outcome
        infos = (replace(info, instance_id=asked[info.instance_id]) for info in outcome.instances)
        return replace(outcome, instances=tuple(infos))


@shop_mutant("frozen_is_lost", LIFE, protocols=BOTH)
class FreezeDeletes(Middleman):
    """A frozen instance is hidden from everything but another change of state."""

    def act(self, command, honest):
        instance = self.store.find(getattr(command, "instance_id", "") or "")
        if isinstance(command, Query):
            found = [self.store.find(i) for i in command.instance_ids]
            instance = next((i for i in found if i is not None and i.state == "frozen"), None)
        if instance is not None and instance.state == "frozen" and not isinstance(command, SetStatus | Release):
            raise Reject("000003", "no such instance")
        return honest(command)


@shop_mutant("frozen_is_lost", LIFE, protocols=(V2, ONLINE))
class FrozenCannotBeRenewed(Middleman):
    def act(self, command, honest):
        if isinstance(command, Refresh):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "frozen":
                raise Reject("000005", "unfreeze it first")
        return honest(command)


@shop_mutant("depends_on_order", LIFE, "debug", protocols=BOTH)
class UpgradeAfterRefreshOnly(Middleman):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.refreshed: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            self.refreshed.add(command.instance_id)
        if isinstance(command, Upgrade) and command.instance_id not in self.refreshed:
            raise Reject("000005", "the instance was never activated")
        return honest(command)


@shop_mutant("depends_on_order", LIFE, "debug")
class UnfreezeAfterFreezeOnly(Middleman):
    def act(self, command, honest):
        if isinstance(command, SetStatus) and command.status is InstanceStatus.UNFREEZE:
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "active":
                raise Reject("000005", "the instance is not frozen")
        return honest(command)


@shop_mutant("one_id_only", LIFE, "shape", protocols=BOTH)
class TakesTheJoinedIdsForOne(Middleman):
    def act(self, command, honest):
        if isinstance(command, Query):
            command = replace(command, instance_ids=(",".join(command.instance_ids),))
        return honest(command)


@shop_mutant("never_ready", LIFE, "shape", patience=0.3)
class NeverReady(Shop):
    def on_create(self, command: Create) -> Pending:
        return Pending()


@answer_mutant("pending_with_info", LIFE, "shape")
def pending_with_info(request, response):
    from .answer_signing import compact, members_of, signed_over

    members = members_of(response)
    if "info" not in members:
        return response
    body = compact({**members, "resultCode": "000004"})
    return signed_over(response, body, body)
