"""Demands: raised, answered, passed to a seller for five days, withdrawn (business-rules §9, §17.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories import NOW
from tests.market.at_once import at_once
from tests.market.engine import react
from tests.market.notifications.telling import happens, mails, said, seller_with
from tests.market.service_desk.asking import RULES, WALL, passed, raised, wanted
from tradepost.market import wiring
from tradepost.market.base import jobs
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Event, Job
from tradepost.market.base.secrets import unseal
from tradepost.market.notifications.deliver_elsewhere import sms_of
from tradepost.market.notifications.demand_reactions import on_demand_answered
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.service_desk.customer_demands import TIMER, Offer, decline, offer, pass_on
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


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_answered_is_refused_beside_its_field(what: str) -> None:
    fields, field = WRONG[what]
    with pytest.raises(Refused) as refused:
        raised(**fields)
    assert (refused.value.field, refused.value.status) == (field, 400)
    assert (Demand.objects.count(), Event.objects.count()) == (0, 0)


def test_one_network_and_one_address_have_so_many_a_day() -> None:
    for number in range(5):
        raised(email=f"a{number}@x.example")
    with pytest.raises(Refused, match=r"demand\.too_often") as refused:
        raised(email="b@x.example")
    assert refused.value.status == 429
    for number in range(5):
        raised(f"network 192.0.2.{number + 2}", email="victim@x.example")
    with pytest.raises(Refused, match=r"demand\.too_often"):
        raised("network 192.0.2.99", email="Victim@x.example")
    assert Demand.objects.count() == 10
    raise_demand(wanted(entered_by="op@m.example"), rules=RULES, allowed=None, now=NOW)  # an operator is not counted


def test_only_its_own_link_leads_to_a_demand() -> None:
    first, second = raised(), raised()
    assert first.token != second.token
    assert find_by_link(first.token) == first.demand
    for foreign in ("", "x" * 43, first.token[:-1], first.demand.token_hash, str(first.demand.pk)):
        assert find_by_link(foreign) is None
    assert first.token not in str(Demand.objects.values().get(pk=first.demand.pk))


def test_who_asks_gets_the_link_and_nothing_that_was_typed() -> None:
    """The address is nobody's until it is used: the market posts no stranger's words to it. A second arrival mails nothing."""
    operator = factories.make_operator()
    made = raised(contact="Buy cheap pills", requirement="Buy cheap pills at https://evil.example")
    happens()
    [mail] = mails().filter(notice=None)
    assert (mail.address, mail.kind, mail.language) == ("zhang@x.example", "demand_received", "en")
    assert unseal(mail.sealed_link) == f"/demands/follow/{made.token}/"
    assert "pills" not in str(mail.facts)
    assert said(operator) == ["Somebody needs what the store does not have"]


def test_an_operator_answers_with_a_product_once() -> None:
    product, made = factories.make_product(), raised()
    react(now=NOW)
    answer(made.demand, Answer(by="op@m.example", words="Take this", product=product.pk), now=NOW)
    happens()
    demand = Demand.objects.get()
    assert (demand.status, demand.answer, demand.product, demand.answered_by) == (
        "answered", "Take this", product, "op@m.example",
    )  # fmt: skip
    assert list(mails().filter(notice=None).values_list("kind", flat=True)) == [
        "demand_received", "demand_answered_with_product",
    ]  # fmt: skip
    with pytest.raises(IllegalTransition):
        answer(made.demand, Answer(by="op@m.example", words="Or this"), now=NOW)
    assert Demand.objects.get().answer == "Take this"


def test_only_what_can_be_bought_is_named() -> None:
    made, draft = raised(), factories.make_product(on_sale=False)
    for pk in (draft.pk, 10**9):
        with pytest.raises(Refused) as refused:
            answer(made.demand, Answer(by="op", words="Take this", product=pk), now=NOW)
        assert refused.value.field == "product"
    assert Demand.objects.get().status == "open"


def test_a_buyer_is_told_in_the_site_and_by_one_mail() -> None:
    buyer = factories.make_buyer(language="en")
    made = raised(buyer=buyer, email=buyer.email)
    react(now=NOW)
    answer(made.demand, Answer(by="op", words="We will list one in May."), now=NOW)
    happens()
    assert said(buyer)[0] == "Your demand is answered"
    assert mails().filter(address=buyer.email, notice__kind="demand_answered").count() == 1
    assert not mails().filter(kind="demand_answered").exists()


def test_a_seller_has_five_days() -> None:
    """§17.7: "not accepted within 5 days → the system acts (CHOICE: back to the operators)"."""
    seller, operator = seller_with(), factories.make_operator()
    asked = passed(seller)
    assert asked.until == NOW + timedelta(days=5)
    react(now=NOW)
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=asked.until - timedelta(seconds=1))
    assert Demand.objects.get().status == "with_seller"
    jobs.run_due({TIMER: wiring.TASKS[TIMER]}, now=asked.until)
    happens(now=asked.until)
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("expired", "open")
    assert Demand.objects.get().due_at > asked.until
    assert not Job.objects.filter(kind=TIMER).exists()
    member = seller.members.get().user
    assert said(member) == [
        "A demand that you were asked for went back to the market", "A customer needs something: can you offer it?",
    ]  # fmt: skip
    assert said(operator)[0] == f"{seller.name_en} did not answer a demand in time"
    with pytest.raises(IllegalTransition):
        offer(asked, Offer(by="s", words="too late"), now=asked.until)


def test_a_seller_offers_its_own_product_and_who_asked_reads_it() -> None:
    asked = passed()
    own, foreign = factories.make_product(asked.seller), factories.make_product()
    with pytest.raises(Refused) as refused:
        offer(asked, Offer(by="s@a.example", words="ours", product=foreign.pk), now=NOW)
    assert refused.value.field == "product"
    offer(asked, Offer(by="s@a.example", words="ours", product=own.pk), now=NOW)
    demand = Demand.objects.get()
    assert (demand.status, demand.answer, demand.product, demand.seller) == ("answered", "ours", own, asked.seller)
    assert CustomerDemand.objects.get().status == "accepted"
    assert not Job.objects.filter(kind=TIMER).exists()
    with pytest.raises(IllegalTransition):
        offer(asked, Offer(by="s", words="twice"), now=NOW)


def test_a_declined_demand_goes_to_another_seller_not_to_the_same() -> None:
    """§17.7: "refused → 已拒绝"."""
    asked, operator = passed(), factories.make_operator()
    decline(asked, "not our field", by="s@a.example", rules=RULES, now=NOW)
    happens()
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("declined", "open")
    assert said(operator)[0] == f"{asked.seller.name_en} declined a demand"
    with pytest.raises(Refused, match=r"service_desk\.seller"):
        pass_on(asked.demand, asked.seller, "", by="op", rules=RULES, now=NOW)
    second = pass_on(asked.demand, factories.make_seller(), "", by="op", rules=RULES, now=NOW)
    assert second.status == "waiting"


def test_a_seller_that_may_not_sell_is_not_asked() -> None:
    suspended = factories.make_seller(status="suspended")
    with pytest.raises(Refused) as refused:
        passed(suspended)
    assert refused.value.field == "seller"
    assert (Demand.objects.get().status, CustomerDemand.objects.count()) == ("open", 0)


@pytest.mark.parametrize("ends", ["answered", "withdrawn"])
def test_who_is_asked_in_vain_is_told(ends: str) -> None:
    seller = seller_with()
    asked = passed(seller)
    if ends == "answered":
        answer(asked.demand, Answer(by="op", words="Found one"), now=NOW)
    else:
        withdraw(asked.demand, now=NOW)
    happens()
    assert (CustomerDemand.objects.get().status, Demand.objects.get().status) == ("recalled", ends)
    assert said(seller.members.get().user)[0] == "A demand that you were asked for is settled"
    assert not Job.objects.filter(kind=TIMER).exists()
    with pytest.raises(IllegalTransition):
        decline(asked, "no", by="s", rules=RULES, now=NOW)


def test_an_advertisement_is_closed_and_mails_nothing() -> None:
    made = raised()
    react(now=NOW)
    before = mails().count()
    close(made.demand, "An advertisement.", by="op", now=NOW)
    react(now=NOW)
    assert (Demand.objects.get().status, mails().count()) == ("closed", before)
    with pytest.raises(IllegalTransition):
        withdraw(made.demand, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_answers_at_the_same_moment_are_one() -> None:
    asked = passed()
    outcomes = at_once(
        [
            lambda: answer(asked.demand, Answer(by="op1", words="one"), now=NOW),
            lambda: answer(asked.demand, Answer(by="op2", words="two"), now=NOW),
            lambda: offer(asked, Offer(by="s", words="three"), now=NOW),
        ]
    )
    assert outcomes.count("done") == 1
    demand = Demand.objects.get()
    assert demand.answer == {"op1": "one", "op2": "two", "s": "three"}[demand.answered_by]
    assert CustomerDemand.objects.get().status == ("accepted" if demand.answered_by == "s" else "recalled")


@pytest.mark.django_db(transaction=True)
def test_a_demand_that_is_sent_twice_is_one_demand() -> None:
    """By a second click, or two at the same moment; another display of the form asks for another one (decision 0018)."""
    factories.make_operator()
    asked = wanted(idempotency_key="a" * 64)
    allowed = Allowance(who="network 192.0.2.1", a_day=2, wall=WALL)

    def sends() -> str:
        return raise_demand(asked, rules=RULES, allowed=allowed, now=NOW).token

    tokens: list[str] = []
    assert at_once([lambda: tokens.append(sends())] * 8) == ["done"] * 8
    assert len({*tokens, sends()}) == 1
    assert (Demand.objects.count(), Event.objects.filter(name="demand_raised").count()) == (1, 1)
    raised(idempotency_key="b" * 64, a_day=2)
    with pytest.raises(Refused, match=r"demand\.too_often"):  # what was sent twice counted once
        raised(idempotency_key="c" * 64, a_day=2)


@pytest.mark.parametrize(
    ("given", "product", "told"),
    [
        ({"email": "", "phone": "138 0013 8000"}, True, "Your demand is answered: Cloud Docs"),
        ({"email": "", "phone": "138 0013 8000"}, False, f"Your demand is answered: {'y' * 59}…"),
        ({"email": "", "phone": "010 8888 8888"}, True, ""),  # a landline
        ({"phone": "138 0013 8000"}, True, ""),  # mailed
    ],
    ids=["with a product", "long", "a landline", "with an address"],
)
def test_who_left_only_a_telephone_gets_the_answer_by_sms(given: dict[str, Any], product: bool, told: str) -> None:
    """§9: whoever asks is answered where they can be reached; a receipt goes to no telephone, else strangers have SMS sent to any."""
    demand = raised(**given).demand
    react(now=NOW)
    assert not NoticeDelivery.objects.filter(channel="sms").exists()
    named = factories.make_product(name_en="Cloud Docs").pk if product else None
    answer(demand, Answer(by="op@m.example", words="y" * 100, product=named), now=NOW)
    for _ in range(2):  # events come at least once
        on_demand_answered(DemandAnswered(demand=demand.pk), NOW)
    sent = [
        (one.address, sms_of(one, base_url="https://m.example")) for one in NoticeDelivery.objects.filter(channel="sms")
    ]
    assert [(address, sms.text) for address, sms in sent] == ([("+8613800138000", told)] if told else [])
    link = f"https://m.example/demands/follow/{token_of(demand)}/"
    assert [sms.whole.partition("\n")[0] for _address, sms in sent] == [f"{told}: {link}" for _ in sent]
