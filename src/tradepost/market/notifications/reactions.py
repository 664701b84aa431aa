"""Who is told what when something happens. Every function takes an event and now; ``wiring`` connects them.

Events arrive at least once: each telling names its occasion, so that a repeat tells nobody twice.

**Which failures are told** (saas-v2 §3.10, §7: failures cause notices). Each change of state is one notice: an address that
was well begins to fail, it is paused, a call is given up; of an address that goes on failing nobody is told again, and every
attempt stands on the pages of its call. Mails about one address go out at most once an hour, so that one that comes and goes
does not become a flood. Operators are mailed about orders given up at most once an hour for a seller; every one stands in the
console.

**Where a seller's mails go** (business-rules §7.1): a failing interface and what follows from it to its members and to its
contact address; a new order and a changed key to its members alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_noop

from tradepost.market.base.events import on
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, PreparedObjects, Slot
from tradepost.market.base.values import replace
from tradepost.market.billing import collect_debt
from tradepost.market.fulfilment.cases import UNREAD
from tradepost.market.identity.events import SigningKeyRotated
from tradepost.market.identity.models import Member, Seller, SigningKey, User
from tradepost.market.orders.events import OrderCancelled, OrderCompleted, OrderPaid, OrderRefunded, OrderReturned
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.events import BreakerOpened, CallFailed
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.protocols.commands import CheckChange

from . import facts as f
from . import license_reactions
from .auto_renewal_reactions import prices_before, renewed_automatically
from .order_words import ended_kind, given_up_kind, is_by_code, kinds_of, sold_kind
from .tell import Telling, tell_all

QUIET = "notifications.quiet"
"""Kind of the job that stands while a subject was mailed about recently; it ends by itself."""
QUIET_FOR = timedelta(hours=1)


def quiet_is_over(_payload: Mapping[str, Any], _now: datetime) -> datetime | None:
    """Job: from now on the subject may be mailed about again."""
    return None


@batched
def on_order_paid(events: Sequence[OrderPaid], now: datetime) -> None:
    """The sellers learn of new orders."""
    rows = _PAID({event.order for event in events})
    coded = [line for line in rows if is_by_code(line, line.product.product_type)]
    lines = [line for line in rows if line not in coded]
    members = members_of({line.seller_id for line in rows})
    tellings = [
        Telling(
            user=user,
            kind=sold_kind(line, line.product.product_type),
            once=line.number,
            link=reverse("seller_center:order", args=[line.number]),
            facts={"product": _product(line), "line": line.number, "amount": f.money(line.amount)},
            seller=line.seller_id,
        )
        for line in lines
        for user in members[line.seller_id]
    ]
    tell_all([*tellings, *license_reactions.paid(coded, members)], now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """What was unsubscribed is told when it is paid back (``refund_reactions``)."""
    lines = reversed(_COMPLETED({event.order for event in events}))
    first = {line.order_id: line for line in lines if line.order.order_type != Order.Type.UNSUBSCRIBE}
    before = prices_before([line for line in first.values() if line.order.origin == Order.Origin.TIMER])
    tell_all([_completed(line, before.get(line.pk)) for line in first.values()], now=now)


def _completed(line: OrderLine, before: Money | None) -> Telling:
    """``before``: of a renewal by the market, what it had cost the last time."""
    if line.order.order_type == Order.Type.CHANGE and line.subscription_id:
        service = reverse("storefront:subscription", args=[line.subscription_id])
        return replace(to_buyer(line, "service_changed", {}), link=service)
    done, held = kinds_of(line.order).done, line.subscription
    if not done or held is None or held.expires_at is None:
        return to_buyer(line, "order_completed", {})
    if line.order.origin == Order.Origin.TIMER:
        return renewed_automatically(line, held, before)
    return Telling(
        user=line.order.buyer,
        kind=done,
        facts={"product": _product(line), "until": f.moment(held.expires_at)},
        once=line.order.number,
        link=reverse("storefront:subscription", args=[held.pk]),
    )


def on_order_refunded(event: OrderRefunded, now: datetime) -> None:
    """The buyer learns that the money is back. The seller's reason is for the seller: see ``on_delivery_given_up``."""
    lines = _lines(event.order)
    order = lines[0].order
    kind = ended_kind(lines[0], lines[0].product.product_type)
    back = Money(order.total_minor - sum(line.reduced_minor for line in lines), order.currency)
    _tell_buyer(lines, kind, {"amount": f.money(back)}, now)


def on_order_returned(event: OrderReturned, now: datetime) -> None:
    """Its sellers learn that it was given back; its buyer knows."""
    lines = _lines(event.order)
    members = members_of({line.seller_id for line in lines})
    told_each = (license_reactions.to_members(line, members, "seller_order_returned") for line in lines)
    tell_all([telling for each in told_each for telling in each], now=now)


def on_order_cancelled(event: OrderCancelled, now: datetime) -> None:
    """Who cancels an own order knows it; only the market's own act is told."""
    if event.by == "timeout":
        _tell_buyer(_lines(event.order), "order_cancelled_timeout", {}, now)


def on_delivery_given_up(event: OrderRefunded, now: datetime) -> None:
    """An order was ended because it could not be delivered: its sellers and the operators learn why, and what became of
    the money, if any was paid."""
    tellings = []
    for line in _lines(event.order):
        order, kind = line.order.number, "gave_up" if line.order.total_minor else "not_opened"
        maybe_acted = Call.objects.filter(_of_line(line), maybe_acted=True)
        if line.order.order_type == Order.Type.CHANGE and maybe_acted.exists():
            kind = "change_doubtful"
        cause = "" if kind == "change_doubtful" else given_up_kind(line.product.product_type)
        shared = {"order": order, "product": _product(line), "reason": _reason_of_line(line, event.reason)}
        link = reverse("seller_center:order", args=[line.number])
        tellings += [
            Telling(
                user=user, kind=f"seller_{kind}{cause}", once=line.number, link=link, facts=shared, contact=contact,
                seller=line.seller_id,
            )
            for user, contact in people_of(line.seller)
        ]  # fmt: skip
        mail = loud(f"gave_up/seller/{line.seller_id}", now)
        tellings += [
            Telling(
                user=user,
                kind=f"operator_{kind}",
                once=line.number,
                link=reverse("console:order", args=[order]),
                facts={**shared, "seller": seller_names(line.seller)},
                mail=mail,
            )
            for user in operators()
        ]
    tell_all(tellings, now=now)


def on_call_failed(event: CallFailed, now: datetime) -> None:
    """A call begins to fail, unless its address was failing already: told once for each time that it began (saas-v2 §3.10, §7).
    Every further attempt stands on the pages of the call."""
    call = _call(event.call)
    if call.kind == CheckChange.__name__ and event.verdict.isdecimal():
        return  # that a service cannot become something else is an answer, and its buyer's matter
    attempt, link = event.attempt, reverse("seller_center:message", args=[call.pk])
    if not _is_first_failure(call, attempt):
        return
    mail = loud(f"failed/address/{call.address_id}", now)
    shared = {
        "activity": call.activity,
        "product": _product_of_call(call),
        "line": call.order_line_number or "–",
        "attempt": attempt,
        "reason": f.verdict(event.verdict, call.protocol),
        "next": _next(event.next_at),
    }
    since = call.address.trouble_since
    # A refusal for a reason of business is no trouble of the address: it is told of its call.
    once = f"address/{call.address_id}/{since:%Y%m%d%H%M%S%f}" if since else f"{call.pk}"
    tellings = [
        Telling(
            user=user, kind="seller_call_failed", once=once, link=link, facts=shared, mail=mail, contact=contact,
            seller=call.seller_id,
        )
        for user, contact in people_of(call.seller)
    ]  # fmt: skip
    tell_all(tellings, now=now)


def on_breaker_opened(event: BreakerOpened, now: datetime) -> None:
    """One telling for each time that an address stopped answering, however often its trials fail after that."""
    address = Address.objects.select_related("seller").get(pk=event.address)
    if address.opened_at is None:
        return  # it answers again already
    once = f"{address.pk}/{address.opened_at:%Y%m%d%H%M%S}"
    shared = {"address": address.url, "reason": f.verdict(event.fault, address.protocol)}
    mail = loud(f"breaker/address/{address.pk}", now)
    link = reverse("seller_center:addresses")
    tellings = [
        Telling(
            user=user, kind="seller_breaker_open", once=once, link=link, facts=shared, mail=mail, contact=contact,
            seller=address.seller_id,
        )
        for user, contact in people_of(address.seller)
    ]  # fmt: skip
    tellings += [
        Telling(
            user=user,
            kind="operator_breaker_open",
            once=once,
            link=reverse("console:engine"),
            facts={**shared, "seller": seller_names(address.seller)},
            mail=mail,
        )
        for user in operators()
    ]
    tell_all(tellings, now=now)


def on_signing_key_rotated(event: SigningKeyRotated, now: datetime) -> None:
    key = SigningKey.objects.select_related("seller").get(pk=event.key)
    with translation.override(None):
        label = str(SigningKey.InterfaceClass(key.interface_class).label)  # as in the source: each reader translates it
    facts = {"interfaces": f.phrase(label), "until": f.moment(key.valid_until or now)}
    tellings = [
        Telling(
            user=user, kind="key_rotated", once=str(key.pk), link=reverse("seller_center:keys"), facts=facts,
            seller=key.seller_id,
        )
        for user, _ in people_of(key.seller)
    ]  # fmt: skip
    tell_all(tellings, now=now)


def _lines(order: str) -> list[OrderLine]:
    found = OrderLine.objects.select_related("order__buyer", "seller", "product").defer(*UNREAD)
    return list(found.filter(order__number=order).order_by("pk"))


def _rows_of(numbers: Slot) -> QuerySet[OrderLine]:
    lines = OrderLine.objects.select_related("order__buyer", "subscription").filter(Among("order__number", numbers))
    return lines.order_by("pk")


_COMPLETED = PreparedObjects((Keys("text"),), _rows_of)
_PAID = PreparedObjects((Keys("text"),), lambda numbers: _rows_of(numbers).select_related("product").defer(*UNREAD))


def _tell_buyer(lines: list[OrderLine], kind: str, more: dict[str, f.Json], now: datetime) -> None:
    """An order is told once, by the name of what was bought."""
    tell_all([to_buyer(lines[0], kind, more)], now=now)


def to_buyer(line: OrderLine, kind: str, more: dict[str, f.Json], *, once: str = "") -> Telling:
    order = line.order
    facts = {"product": _product(line), "order": order.number, **more}
    link = reverse("storefront:order", args=[order.number])
    return Telling(user=order.buyer, kind=kind, facts=facts, once=once or order.number, link=link)


def people_of(seller: Seller) -> list[tuple[User, str]]:
    """Who acts for a seller, the first with its contact address, unless a member reads that anyway."""
    people = members_of({seller.pk})[seller.pk]
    read = {user.email.casefold() for user in people}
    contact = "" if seller.contact_email.casefold() in read else seller.contact_email
    return [(user, contact if n == 0 else "") for n, user in enumerate(people)]


def members_of(sellers: Collection[int]) -> dict[int, list[User]]:
    """The people who act for each of these sellers."""
    found: defaultdict[int, list[User]] = defaultdict(list)
    for member in _MEMBERS(sellers) if sellers else ():
        found[member.seller_id].append(member.user)
    return found


_OF_SELLERS = Member.objects.select_related("user").filter(user__is_active=True).order_by("pk")
_MEMBERS = PreparedObjects((Keys(),), lambda sellers: _OF_SELLERS.filter(Among("seller", sellers)))


def operators() -> list[User]:
    return list(User.objects.filter(is_operator=True, is_active=True).order_by("pk"))


def _call(pk: int) -> Call:
    return Call.objects.select_related("product", "seller", "address").defer("command").get(pk=pk)


def _product(line: OrderLine) -> f.Json:
    return f.names(line.product_name, line.product_name_en)


def _product_of_call(call: Call) -> f.Json:
    return f.names(call.product.name, call.product.name_en) if call.product else f.names("–", "–")


def seller_names(seller: Seller) -> f.Json:
    return f.names(seller.name, seller.name_en or seller.name)


def _next(at: datetime | None) -> f.Json:
    return f.moment(at) if at else f.phrase(gettext_noop("none, the plan is over"))


def _reason_of_line(line: OrderLine, told: str) -> f.Json:
    """Why the line's last call failed, in the words of its protocol; what the event says when there was no call."""
    last = (
        Call.objects.filter(_of_line(line)).exclude(outcome=Call.Outcome.DONE).exclude(last_verdict="")
        .order_by("-pk").first()
    )  # fmt: skip
    return f.verdict(last.last_verdict, last.protocol) if last else f.phrase(told)


def _of_line(line: OrderLine) -> Q:
    """Calls that deliver it: a notification that failed is no reason to give an order up."""
    return Q(order_number=line.order.number, order_line_number=line.number, purpose=Call.Purpose.ORDER)


def _is_first_failure(call: Call, attempt: int) -> bool:
    earlier = Attempt.objects.filter(call=call, number__lt=attempt)
    return not earlier.exclude(verdict__in=["", "done", "pending"]).exists()


def loud(subject: str, now: datetime) -> bool:
    """Whether a mail about ``subject`` may go out; if so, the next hour is quiet. A job of its own remembers it."""
    job, new = Job.objects.get_or_create(kind=QUIET, key=subject, defaults={"due_at": now + QUIET_FOR})
    if not new and job.due_at > now:
        return False
    if not new:
        Job.objects.filter(pk=job.pk).update(due_at=now + QUIET_FOR)
    return True


REACTIONS = (
    on(OrderCancelled, on_order_cancelled),
    on(OrderReturned, collect_debt.on_order_refunded, on_order_returned),
)
"""Orders that end without anybody having failed."""
