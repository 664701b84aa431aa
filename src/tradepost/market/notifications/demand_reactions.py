"""Notify operators of a demand, and the person who raised it of the receipt and the answer, with an account or without."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.service_desk.demands import answers_by_sms, mails_answer, mails_receipt, token_of
from tradepost.market.service_desk.events import (
    DemandAnswered,
    DemandRaised,
)
from tradepost.market.service_desk.models import Demand

from . import facts as f
from .account_mails import mail_account, send_sms
from .categories import Channel
from .notify import send
from .phones import can_receive_sms, standard_form
from .settings_of import enabled_channels
from .subject import Facts
from .subjects.demands import DEMAND, shortened

MAX_ANSWER_IN_SMS = 60
"""Characters."""


def on_demand_raised(event: DemandRaised, now: datetime) -> None:
    demand = _demand(event.demand)
    facts: Facts = {"due": f.moment(demand.due_at), "requirement": shortened(demand.requirement)}
    send([DEMAND.draft("operators", demand, "operator_demand", facts)], now=now)
    if mails_receipt(demand, now=now):
        _mail(demand, "demand_received", {"due": f.moment(demand.due_at)}, now=now)


def on_demand_answered(event: DemandAnswered, now: datetime) -> None:
    """To the account, and to the address that was given where it is another one; to a telephone where there is neither."""
    demand = _demand(event.demand)
    product_facts = {"product": f.names(demand.product.name, demand.product.name_en)} if demand.product else {}
    kind = "demand_answered_with_product" if demand.product else "demand_answered"
    facts: Facts = {"answer": demand.answer, **product_facts}
    if demand.buyer is not None:
        send([DEMAND.draft("buyer", demand, kind, facts)], now=now)
    has_other_address = demand.buyer is None or demand.buyer.email.casefold() != demand.email.casefold()
    if has_other_address and mails_answer(demand, now=now):
        _mail(demand, kind, facts, now=now)
    phone = _mobile(demand)
    if phone and answers_by_sms(demand, now=now):
        words = {"answer": shortened(demand.answer, MAX_ANSWER_IN_SMS), **product_facts}
        by_sms = kind if demand.product else "demand_answered_sms"
        link = reverse("storefront:demand", args=[token_of(demand)])
        send_sms(by_sms, phone, link=link, language=demand.language, facts=words, now=now)


def _mail(demand: Demand, kind: str, facts: Facts, *, now: datetime) -> None:
    link = reverse("storefront:demand", args=[token_of(demand)])
    mail_account(kind, demand.email, link=link, language=demand.language, facts=facts, now=now)


def is_answered_by_sms(demand: Demand) -> bool:
    """Whether whoever left a telephone alone hears of the answer by SMS: it may get them, and the market sends them."""
    return not demand.email and demand.buyer_id is None and bool(_mobile(demand)) and Channel.SMS in enabled_channels()


def _mobile(demand: Demand) -> str:
    """The telephone in the standard form, where it may get SMS."""
    phone = standard_form(demand.phone)
    return phone if phone and can_receive_sms(phone) else ""


def _demand(pk: int) -> Demand:
    return Demand.objects.select_related("buyer", "product").get(pk=pk)
