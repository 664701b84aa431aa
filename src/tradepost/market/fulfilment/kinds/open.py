"""Open: a paid order becomes an instance with access data, by the plan of its product type (saas-v2 §3.1, §3.2)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.contract import (
    Case,
    Defaults,
    Effects,
    FailedCall,
    Intent,
    Opened,
    OrderEnd,
    Orphan,
    PaidPeriod,
    ProtocolCommand,
    WaitForPeople,
)
from tradepost.market.fulfilment.steps import next_step
from tradepost.market.product_types.contract import Step
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.commands import AppInfo, Buyer, Command, Create, Done, Query


class Opening(Struct, frozen=True, kw_only=True):
    """``buyer``: the buyer; private fields only if the product requests them (saas-v2 §1.5)."""

    buyer: Buyer
    accepted: bool = True
    """False until the buyer accepts the seller's preparation; the interface is not called before (§2.10)."""


class Open(Defaults[Opening]):
    name, title, wanted = "open", pgettext_lazy("operation", "Open"), Opening
    refundable, prolongs, ends = True, False, False

    def refuses(self, case: Case[Opening]) -> Refused | None:
        plan = plan_of(case)
        if not plan or plan[0].command is not Create:
            return Refused("order.no_plan", _("An order of this type cannot open a product of this type."))
        return None

    def ask(self, case: Case[Opening]) -> Intent | None:
        if not case.wanted.accepted:
            return WaitForPeople()
        plan = plan_of(case)
        if case.said is None:
            return ProtocolCommand(command=_create(case))
        step_index = next_step(
            plan,
            case.step,
            has_access=access_of(case.said.answer) is not None,
            by_message=case.held.access_by_message,
        )
        if step_index is None:
            return None
        step = plan[step_index]
        return ProtocolCommand(
            command=_following(step.command, case),
            step=step_index,
            until_access=step.until_access and not case.held.access_by_message,
        )

    def on_done(self, case: Case[Opening]) -> Effects:
        """Open the service: the paid time starts now and the seller has earned the payment. With a later acceptance,
        both wait for it and there is no end yet."""
        line, answer = case.ordered, case.said.answer if case.said else Done()
        if line.held:
            return Effects(opened=Opened(access=access_of(answer), license=answer.license))
        end = period_end(case.now, line.period_type, line.period_number) if line.period_type else None
        return Effects(
            opened=Opened(access=access_of(answer), license=answer.license),
            expires_at=end,
            paid=PaidPeriod(starts_at=case.now, ends_at=end) if end else None,
            order=OrderEnd.COMPLETE,
        )

    def on_gave_up(self, case: Case[Opening], last: FailedCall) -> Effects:
        """Release instances that the seller may have created (saas-v2 §3.10); none if the order is kept."""
        line = case.ordered
        instances = (case.held.instance_id,) if case.held.instance_id else last.orphans
        orphans = tuple(
            Orphan(instance_id=instance_id, order_id=line.order_number, order_line_id=line.number)
            for instance_id in instances
        )
        return Effects(failed=True, orphans=orphans)


def plan_of(case: Case[Opening]) -> tuple[Step, ...]:
    """Return the plan. A trial uses that of a purchase, even if the product type has none for trials (saas-v2 §3.1)."""
    order_type = case.ordered.order_type
    return product_type(case.held.product_type).plan("NEW" if order_type == "TRIAL" else order_type, case.held.protocol)


def access_of(answer: Done) -> AppInfo | None:
    return next(
        (instance.app for instance in answer.instances if instance.app is not None and instance.app.front_end_url), None
    )


def _create(case: Case[Opening]) -> Create:
    line = case.ordered
    end = period_end(case.now, line.period_type, line.period_number) if line.period_type else None
    return Create(
        order_id=line.order_number,
        order_line_id=line.number,
        business_id="",
        buyer=case.wanted.buyer,
        purchase=line.bought(started_at=case.now, expires_at=end),
    )


def _following(command: type[Command], case: Case[Opening]) -> Command:
    if case.said is not None and isinstance(case.said.command, command):
        return case.said.command  # the identical command again, as its sellers must expect (saas-v1-license A2.2)
    if command is Query:
        return Query(instance_ids=(case.held.instance_id,))
    raise LookupError(f"no step of an opening can be {command.__name__}")


KIND = Open()
