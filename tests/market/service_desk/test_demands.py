"""Demands: created, answered, passed to a seller for five days, withdrawn (business-rules §9, §17.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories import NOW
from tests.market.at_once import at_once
from tests.market.engine import react
from tests.market.notifications.telling import handle_events_twice as happens
from tests.market.notifications.telling import mails, seller_with
from tests.market.notifications.telling import notice_titles as said
from tests.market.plans import plan
from tests.market.service_desk.asking import RULES, WALL, demand_form, pass_to_seller, raise_new_demand
from tradepost.market import wiring
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.secrets import unseal
from tradepost.market.notifications.deliver_elsewhere import sms_of
from tradepost.market.notifications.demand_reactions import on_demand_answered
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.service_desk.customer_demands import TIMER, Offer, answer_with_offer, decline, forward_to_seller
from tradepost.market.service_desk.demand_answers import Answer, answer, close
from tradepost.market.service_desk.demands import Allowance, find_by_link, raise_demand, token_of, withdraw
from tradepost.market.service_desk.events import DemandAnswered
from tradepost.market.service_desk.models import CustomerDemand, Demand

pytestmark = pytest.mark.django_db

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no contact": ({"contact": " "}, "contact"),
    "a contact too long": ({"contact": "x" * 65}, "contact"),
    "nothing needed": ({"requirement": ""}, "requirement"),
    "too little": ({"requirement": "ERP"}, "requirement"),
    "too much": ({"requirement": "x" * 2001}, "requirement"),
    "no way to answer": ({"email": "", "phone": ""}, "email"),
    "no address": ({"email": "zhang"}, "email"),
    "an address too long": ({"email": f"{'x' * 250}@x.example"}, "email"),
    "two addresses": ({"email": "a@x.example,b@x.example"}, "email"),
    "a header in it": ({"email": "a@x.example\nBcc: b@x.example"}, "email"),
    "no telephone": ({"email": "", "phone": "call me"}, "phone"),
}


@pytest.mark.parametrize("invalid", WRONG)
def test_invalid_value_is_refused_beside_its_field(invalid: str) -> None:
    fields, field = WRONG[invalid]
    with pytest.raises(Refused) as refused:
        raise_new_demand(**fields)
    assert (refused.value.field, refused.value.status) == (field, 400)
    assert (Demand.objects.count(), Event.objects.count()) == (0, 0)


def test_daily_demands_of_a_network_and_an_address_are_limited() -> None:
    for number in range(5):
        raise_new_demand(email=f"a{number}@x.example")
    with pytest.raises(Refused, match=r"demand\.too_often") as refused:
        raise_new_demand(email="b@x.example")
    assert refused.value.status == 429
    for number in range(5):
        raise_new_demand(f"network 192.0.2.{number + 2}", email="victim@x.example")
    with pytest.raises(Refused, match=r"demand\.too_often"):
        raise_new_demand("network 192.0.2.99", email="Victim@x.example")
    assert Demand.objects.count() == 10
    raise_demand(demand_form(entered_by="op@m.example"), rules=RULES, allowed=None, now=NOW)  # an operator has no limit


def test_only_its_own_link_opens_a_demand() -> None:
    first, second = raise_new_demand(), raise_new_demand()
    assert first.token != second.token
    assert find_by_link(first.token) == first.demand
    for foreign in ("", "x" * 43, first.token[:-1], first.demand.token_hash, str(first.demand.pk)):
        assert find_by_link(foreign) is None
    assert first.token not in str(Demand.objects.values().get(pk=first.demand.pk))


def test_requester_gets_a_link_without_the_text_of_the_form() -> None:
    """The address is unconfirmed until the link is used, so the market mails no stranger's text to it. A repeated event
    mails nothing.
    """
    operator = factories.make_operator()
    raised_demand = raise_new_demand(contact="Buy cheap pills", requirement="Buy cheap pills at https://evil.example")
    happens()
    [mail] = mails().filter(notice=None)
    assert (mail.address, mail.kind, mail.language) == ("zhang@x.example", "demand_received", "en")
    assert unseal(mail.sealed_link) == f"/demands/follow/{raised_demand.token}/"
    assert "pills" not in str(mail.facts)
    assert said(operator) == ["Demand for something that the store does not have"]


def test_operator_answers_once_with_a_product() -> None:
    product, raised_demand = factories.make_product(), raise_new_demand()
    react(now=NOW)
    answer(raised_demand.demand, Answer(by="op@m.example", words="Take this", product=product.pk), now=NOW)
    happens()
    demand = Demand.objects.get()
    assert (demand.status, demand.answer, demand.product, demand.answered_by) == (
        "answered", "Take this", product, "op@m.example",
    )  # fmt: skip
    assert list(mails().filter(notice=None).values_list("kind", flat=True)) == [
        "demand_received", "demand_answered_with_product",
    ]  # fmt: skip
    with pytest.raises(IllegalTransition):
        answer(raised_demand.demand, Answer(by="op@m.example", words="Or this"), now=NOW)
    assert Demand.objects.get().answer == "Take this"


def test_only_products_on_sale_can_be_named() -> None:
    raised_demand, draft = raise_new_demand(), factories.make_product(on_sale=False)
    for pk in (draft.pk, 10**9):
        with pytest.raises(Refused) as refused:
            answer(raised_demand.demand, Answer(by="op", words="Take this", product=pk), now=NOW)
        assert refused.value.field == "product"
    assert Demand.objects.get().status == "open"


def test_buyer_is_notified_in_the_site_and_by_one_mail() -> None:
    buyer = factories.make_buyer(language="en")
    raised_demand = raise_new_demand(buyer=buyer, email=buyer.email)
    react(now=NOW)
    answer(raised_demand.demand, Answer(by="op", words="We will list one in May."), now=NOW)
    happens()
    assert said(buyer)[0] == "Your demand is answered"
    assert mails().filter(address=buyer.email, notice__kind="demand_answered").count() == 1
    assert not mails().filter(kind="demand_answered").exists()


def test_seller_has_five_days() -> None:
    """§17.7: "not accepted within 5 days → the system acts (CHOICE: back to the operators)"."""
    seller, operator = seller_with(), factories.make_operator()
    turn = pass_to_seller(seller)
    assert turn.until == NOW + timedelta(days=5)
    react(now=NOW)
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=turn.until - timedelta(seconds=1))
    assert Demand.objects.get().status == "with_seller"
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=turn.until)
    happens(now=turn.until)
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("expired", "open")
    assert Demand.objects.get().due_at > turn.until
    assert not Job.objects.filter(kind=TIMER).exists()
    member = seller.members.get().user
    assert said(member) == [
        "A demand forwarded to you was returned to the operators", "A customer needs something: can you offer it?",
    ]  # fmt: skip
    assert said(operator)[0] == f"{seller.name_en} did not answer a demand in time"
    with pytest.raises(IllegalTransition):
        answer_with_offer(turn, Offer(by="s", words="too late"), now=turn.until)


def test_seller_offers_its_own_product_and_the_requester_reads_it() -> None:
    turn = pass_to_seller()
    own, foreign = factories.make_product(turn.seller), factories.make_product()
    with pytest.raises(Refused) as refused:
        answer_with_offer(turn, Offer(by="s@a.example", words="ours", product=foreign.pk), now=NOW)
    assert refused.value.field == "product"
    answer_with_offer(turn, Offer(by="s@a.example", words="ours", product=own.pk), now=NOW)
    demand = Demand.objects.get()
    assert (demand.status, demand.answer, demand.product, demand.seller) == ("answered", "ours", own, turn.seller)
    assert CustomerDemand.objects.get().status == "accepted"
    assert not Job.objects.filter(kind=TIMER).exists()
    with pytest.raises(IllegalTransition):
        answer_with_offer(turn, Offer(by="s", words="twice"), now=NOW)


def test_declined_demand_can_go_to_another_seller_but_not_the_same() -> None:
    """§17.7: "refused → 已拒绝"."""
    turn, operator = pass_to_seller(), factories.make_operator()
    decline(turn, "not our field", by="s@a.example", rules=RULES, now=NOW)
    happens()
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("declined", "open")
    assert said(operator)[0] == f"{turn.seller.name_en} declined a demand"
    with pytest.raises(Refused, match=r"service_desk\.seller"):
        forward_to_seller(turn.demand, turn.seller, "", by="op", rules=RULES, now=NOW)
    second = forward_to_seller(turn.demand, factories.make_seller(), "", by="op", rules=RULES, now=NOW)
    assert second.status == "waiting"


def test_seller_that_may_not_sell_is_not_asked() -> None:
    suspended = factories.make_seller(status="suspended")
    with pytest.raises(Refused) as refused:
        pass_to_seller(suspended)
    assert refused.value.field == "seller"
    assert (Demand.objects.get().status, CustomerDemand.objects.count()) == ("open", 0)


@pytest.mark.parametrize("ends", ["answered", "withdrawn"])
def test_seller_is_notified_when_its_turn_ends(ends: str) -> None:
    seller = seller_with()
    turn = pass_to_seller(seller)
    if ends == "answered":
        answer(turn.demand, Answer(by="op", words="Found one"), now=NOW)
    else:
        withdraw(turn.demand, now=NOW)
    happens()
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("recalled", ends)
    assert said(seller.members.get().user)[0] == "A demand forwarded to you is settled"
    assert not Job.objects.filter(kind=TIMER).exists()
    with pytest.raises(IllegalTransition):
        decline(turn, "no", by="s", rules=RULES, now=NOW)


def test_advertisement_is_closed_and_mails_nothing() -> None:
    raised_demand = raise_new_demand()
    react(now=NOW)
    before = mails().count()
    close(raised_demand.demand, "An advertisement.", by="op", now=NOW)
    react(now=NOW)
    assert (Demand.objects.get().status, mails().count()) == ("closed", before)
    with pytest.raises(IllegalTransition):
        withdraw(raised_demand.demand, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_concurrent_answers_count_once() -> None:
    turn = pass_to_seller()
    outcomes = at_once(
        [
            lambda: answer(turn.demand, Answer(by="op1", words="one"), now=NOW),
            lambda: answer(turn.demand, Answer(by="op2", words="two"), now=NOW),
            lambda: answer_with_offer(turn, Offer(by="s", words="three"), now=NOW),
        ]
    )
    assert outcomes.count("done") == 1
    demand = Demand.objects.get()
    assert demand.answer == {"op1": "one", "op2": "two", "s": "three"}[demand.answered_by]
    assert CustomerDemand.objects.get().status == ("accepted" if demand.answered_by == "s" else "recalled")


@pytest.mark.django_db(transaction=True)
def test_demand_sent_twice_is_one_demand() -> None:
    """By a second click, or two at the same moment; another display of the form makes another demand (decision 0018)."""
    factories.make_operator()
    form = demand_form(idempotency_key="a" * 64)
    allowed = Allowance(who="network 192.0.2.1", a_day=2, wall=WALL)

    def sends() -> str:
        return raise_demand(form, rules=RULES, allowed=allowed, now=NOW).token

    tokens: list[str] = []
    assert at_once([lambda: tokens.append(sends())] * 8) == ["done"] * 8
    assert len({*tokens, sends()}) == 1
    assert (Demand.objects.count(), Event.objects.filter(name="demand_raised").count()) == (1, 1)
    raise_new_demand(idempotency_key="b" * 64, a_day=2)
    with pytest.raises(Refused, match=r"demand\.too_often"):  # the repeated form counted once
        raise_new_demand(idempotency_key="c" * 64, a_day=2)


@pytest.mark.parametrize(
    ("contact", "product", "channel"),
    [
        ({"email": "", "phone": "138 0013 8000"}, True, "Your demand is answered: Cloud Docs"),
        ({"email": "", "phone": "138 0013 8000"}, False, f"Your demand is answered: {'y' * 59}…"),
        ({"email": "", "phone": "010 8888 8888"}, True, ""),  # a landline
        ({"phone": "138 0013 8000"}, True, ""),  # sent by mail
    ],
    ids=["with a product", "long", "a landline", "with an address"],
)
def test_requester_with_only_a_telephone_gets_the_answer_by_sms(
    contact: dict[str, Any], product: bool, channel: str
) -> None:
    """§9: the answer goes to where the requester can be reached; no receipt goes to a telephone, or strangers could
    send SMS to any number.
    """
    demand = raise_new_demand(**contact).demand
    react(now=NOW)
    assert not NoticeDelivery.objects.filter(channel="sms").exists()
    named = factories.make_product(name_en="Cloud Docs").pk if product else None
    answer(demand, Answer(by="op@m.example", words="y" * 100, product=named), now=NOW)
    for _ in range(2):  # events are delivered at least once
        on_demand_answered(DemandAnswered(demand=demand.pk), NOW)
    sent = [
        (delivery.address, sms_of(delivery, base_url="https://m.example"))
        for delivery in NoticeDelivery.objects.filter(channel="sms")
    ]
    assert [(address, sms.text) for address, sms in sent] == ([("+8613800138000", channel)] if channel else [])
    link = f"https://m.example/demands/follow/{token_of(demand)}/"
    assert [sms.whole.partition("\n")[0] for _address, sms in sent] == [f"{channel}: {link}" for _ in sent]


def test_demands_of_a_seller_by_state_are_found_by_an_index() -> None:
    """issue 27, must show 3: a seller with 10,000 demands read all of them for a rare state."""
    demands = CustomerDemand.objects.filter(seller=factories.make_seller(), status=CustomerDemand.Status.EXPIRED)
    assert "customer_demand_status" in plan(demands.order_by("-pk")[:21])
