"""Who is told of a demand: whoever asked, by mail and in the site where they have an account; operators; sellers that are asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.service_desk.demands import answers_by_sms, mails_answer, mails_receipt, token_of
from tradepost.market.service_desk.events import (
    DemandAnswered,
    DemandPassed,
    DemandRaised,
    DemandRecalled,
    DemandReturned,
)
from tradepost.market.service_desk.models import CustomerDemand, Demand

from . import facts as f
from .account_mails import mail_account, send_sms
from .categories import Channel
from .phones import gets_sms, standard_form
from .reactions import operators, people_of, seller_names
from .settings_of import channels
from .tell import Telling, tell_all

type Facts = Mapping[str, f.Json | str]

SHOWN, SHOWN_IN_SMS = 200, 60
"""Characters of a requirement in a notice, and of an answer in an SMS."""


def on_demand_raised(event: DemandRaised, now: datetime) -> None:
    demand = _demand(event.demand)
    facts: Facts = {"due": f.moment(demand.due_at), "requirement": shortened(demand.requirement)}
    tell_all(_to_operators(demand, "operator_demand", facts), now=now)
    if mails_receipt(demand, now=now):
        _mail(demand, "demand_received", {"due": f.moment(demand.due_at)}, now=now)


def on_demand_answered(event: DemandAnswered, now: datetime) -> None:
    """To the account, and to the address that was given where it is another one; to a telephone where there is neither."""
    demand = _demand(event.demand)
    named = {"product": f.names(demand.product.name, demand.product.name_en)} if demand.product else {}
    kind = "demand_answered_with_product" if demand.product else "demand_answered"
    facts: Facts = {"answer": demand.answer, **named}
    if demand.buyer is not None:
        link = reverse("storefront:demand_own", args=[demand.pk])
        tell_all([Telling(user=demand.buyer, kind=kind, facts=facts, once=f"{demand.pk}", link=link)], now=now)
    elsewhere = demand.buyer is None or demand.buyer.email.casefold() != demand.email.casefold()
    if elsewhere and mails_answer(demand, now=now):
        _mail(demand, kind, facts, now=now)
    phone = _mobile(demand)
    if phone and answers_by_sms(demand, now=now):
        words = {"answer": shortened(demand.answer, SHOWN_IN_SMS), **named}
        by_sms = kind if demand.product else "demand_answered_sms"
        link = reverse("storefront:demand", args=[token_of(demand)])
        send_sms(by_sms, phone, link=link, language=demand.language, facts=words, now=now)


def on_demand_passed(event: DemandPassed, now: datetime) -> None:
    passed = _passed(event.customer_demand)
    facts: Facts = {"until": f.moment(passed.until), "requirement": shortened(passed.demand.requirement)}
    tell_all(_to_seller(passed, "seller_demand", facts), now=now)


def on_demand_returned(event: DemandReturned, now: datetime) -> None:
    passed = _passed(event.customer_demand)
    facts: Facts = {
        "seller": seller_names(passed.seller),
        "due": f.moment(passed.demand.due_at),
        "words": passed.words,
    }
    tellings = list(_to_operators(passed.demand, f"operator_demand_{event.why}", facts, once=f"{passed.pk}"))
    if event.why == "expired":
        tellings += _to_seller(passed, "seller_demand_expired", {"until": f.moment(passed.until)})
    tell_all(tellings, now=now)


def on_demand_recalled(event: DemandRecalled, now: datetime) -> None:
    tell_all(_to_seller(_passed(event.customer_demand), "seller_demand_recalled", {}), now=now)


def _mail(demand: Demand, kind: str, facts: Facts, *, now: datetime) -> None:
    link = reverse("storefront:demand", args=[token_of(demand)])
    mail_account(kind, demand.email, link=link, language=demand.language, facts=facts, now=now)


def tells_by_sms(demand: Demand) -> bool:
    """Whether whoever left a telephone alone hears of the answer by SMS: it may get them, and the market sends them."""
    return not demand.email and demand.buyer_id is None and bool(_mobile(demand)) and Channel.SMS in channels()


def _mobile(demand: Demand) -> str:
    """The telephone in the standard form, where it may get SMS."""
    phone = standard_form(demand.phone)
    return phone if phone and gets_sms(phone) else ""


def _to_operators(demand: Demand, kind: str, facts: Facts, *, once: str = "") -> Iterable[Telling]:
    link = reverse("console:demand", args=[demand.pk])
    return [Telling(user=user, kind=kind, facts=facts, once=once or f"{demand.pk}", link=link) for user in operators()]


def _to_seller(passed: CustomerDemand, kind: str, facts: Facts) -> Iterable[Telling]:
    link = reverse("seller_center:demand", args=[passed.pk])
    return [
        Telling(
            user=user, kind=kind, facts=facts, once=f"{passed.pk}", link=link, contact=contact, seller=passed.seller_id
        )
        for user, contact in people_of(passed.seller)
    ]


def shortened(words: str, most: int = SHOWN) -> str:
    text = " ".join(words.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _demand(pk: int) -> Demand:
    return Demand.objects.select_related("buyer", "product").get(pk=pk)


def _passed(pk: int) -> CustomerDemand:
    return CustomerDemand.objects.select_related("demand", "seller").get(pk=pk)


REACTIONS = (
    on(DemandRaised, on_demand_raised),
    on(DemandPassed, on_demand_passed),
    on(DemandReturned, on_demand_returned),
    on(DemandAnswered, on_demand_answered),
    on(DemandRecalled, on_demand_recalled),
)
"""A part of ``wiring``'s table."""
