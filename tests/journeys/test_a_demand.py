"""A visitor finds nothing, publishes a demand, and buys the product that answers it, over the real pages (issue 12,
must show 2).
"""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.utils import timezone

from tests import factories
from tests.factories.products import SEATS, make_spec
from tests.journeys.browsing import Person
from tests.market.engine import react
from tradepost.market.base import clock
from tradepost.market.notifications import deliver
from tradepost.market.notifications.compose import Site
from tradepost.market.orders.models import Order
from tradepost.market.service_desk.models import CustomerDemand, Demand

pytestmark = pytest.mark.django_db(transaction=True)
SITE = Site("https://market.example")
DEMAND = {"contact": "Jane Doe", "email": "jane@x.example", "requirement": "Time sheets that work without a network."}


def person(user: object = None, language: str = "en") -> Person:
    visitor = Person(language)
    if user is not None:
        visitor.force_login(user)  # type: ignore[arg-type]
    return visitor


def mails_to(address: str) -> list[str]:
    """Return the mails that the worker sends to this address."""
    react(now=clock.now())
    while deliver.deliver_due(now=clock.now(), wall=timezone.now(), site=SITE):
        pass
    return [str(one.body) for one in mail.outbox if one.to == [address]]


def link_in(body: str) -> str:
    found = re.search(r"https://market\.example(/demands/follow/\S+)", body)
    assert found is not None, body
    return found[1]


def publish_demand() -> tuple[Person, str]:
    """Search, find nothing, and publish a demand. Return the page that follows it."""
    visitor = person()
    assert "No products found" in visitor.read("/?q=zeiterfassung")
    assert 'href="/demands/new/?q=zeiterfassung"' in visitor.text
    visitor.read("/demands/new/?q=zeiterfassung")
    assert "zeiterfassung</textarea>" in visitor.text
    follow = visitor.send("/demands/new/", DEMAND)
    assert "The operators answer before" in visitor.text
    return visitor, follow


def test_demand_of_a_visitor_is_answered_by_an_operator_and_bought() -> None:
    product = factories.make_product(specs=(make_spec(SEATS),))
    operator = person(factories.make_operator())
    _visitor, follow = publish_demand()
    [receipt] = mails_to("jane@x.example")
    assert link_in(receipt) == follow
    assert "Time sheets" not in receipt

    demand = Demand.objects.get()
    assert demand.searched == "zeiterfassung"
    operator.read("/console/demands/")
    assert DEMAND["requirement"] in operator.text
    operator.read(f"/console/demands/{demand.pk}/")
    # Without scripts the button searches, and the input stays.
    action = f"/console/demands/{demand.pk}/answer/"
    operator.send(action, {"words": "Take this one.", "product_words": product.name_en, "search": "1"}, status=200)
    assert f'value="{product.pk}"' in operator.text
    assert "Take this one.</textarea>" in operator.text
    operator.send(action, {"product": str(product.pk)})
    assert "Answered. The requester was notified." in operator.text

    answered = mails_to("jane@x.example")[-1]
    assert product.name_en in answered
    buyer = person(factories.make_buyer())
    buyer.read(link_in(answered))
    assert "Take this one." in buyer.text
    assert f'href="/products/{product.slug}/"' in buyer.text
    buyer.read(f"/products/{product.slug}/")
    buyer.read(f"/checkout/{product.pk}/?plan=PERIOD-month&periods=1&quantity=2")
    paid = buyer.send(f"/checkout/{product.pk}/", {"agreed": "on"})
    buyer.send(f"{paid.partition('?')[0]}pay/")
    assert Order.objects.get().status == Order.Status.PROCESSING
    operator.read(f"/console/demands/{demand.pk}/")
    assert action not in operator.text, "it is answered once"


def test_demand_to_one_seller_is_hidden_from_others() -> None:
    member, other = factories.make_buyer(balance="0"), factories.make_buyer(balance="0")
    seller = factories.make_seller(member=member)
    factories.make_seller(member=other)
    visitor, follow = publish_demand()
    demand, operator = Demand.objects.get(), person(factories.make_operator())
    operator.read(f"/console/demands/{demand.pk}/")
    action = f"/console/demands/{demand.pk}/pass/"
    operator.send(action, {"seller_words": "nobody here"}, status=422)
    assert "No match found." in operator.text
    operator.send(action, {"seller_words": seller.name_en, "seller": str(seller.pk), "note": "offline?"})
    passed = CustomerDemand.objects.get()

    at_seller, stranger = person(member), person(other)
    at_seller.read(f"/seller/demands/{passed.pk}/")
    assert "offline?" in at_seller.text
    assert "jane@x.example" not in at_seller.text, "who asked did not agree"
    for path in (f"/seller/demands/{passed.pk}/", f"{follow.removesuffix('/')}x/", "/demands/1/"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/console/demands/").status_code == 404

    at_seller.send(f"/seller/demands/{passed.pk}/offer/", {"words": "We build it."})
    visitor.read(follow)
    assert "We build it." in visitor.text
    assert at_seller.post(f"/seller/demands/{passed.pk}/decline/", {"words": "no"}, follow=True).status_code == 200
    assert Demand.objects.get().answer == "We build it."


def test_too_long_or_too_frequent_demand_is_refused_and_keeps_its_input() -> None:
    visitor = person(language="zh-hans")
    visitor.read("/demands/new/")
    visitor.send("/demands/new/", {**DEMAND, "requirement": "x" * 2001}, status=422)
    assert "jane@x.example" in visitor.text
    assert Demand.objects.count() == 0
    for _ in range(5):
        visitor.read("/demands/new/")
        visitor.send("/demands/new/", DEMAND)
    visitor.read("/demands/new/")
    visitor.send("/demands/new/", DEMAND, status=429)
    assert "您今天提交的需求较多" in visitor.text
    assert "Jane Doe" in visitor.text
    assert Demand.objects.count() == 5


def test_operator_enters_a_demand_that_came_by_mail() -> None:
    operator = person(factories.make_operator())
    operator.read("/console/demands/new/")
    typed = {
        "subject": "Re: 【Tradepost】【Demand】【Li Si】",
        "email": "li@x.example",
        "requirement": "A wiki, please.",
        "language": "zh-hans",
    }
    shown = re.search(r'name="idempotency_key"\s+value="(\w{32})"', operator.text)
    assert shown is not None
    for _ in range(2):  # a second click does not enter it twice
        operator.read("/console/demands/new/")
        operator.send("/console/demands/new/", typed | {"idempotency_key": shown[1]})
    demand = Demand.objects.get()
    assert (demand.contact, demand.origin, demand.language) == ("Li Si", "mail", "zh-hans")
    [receipt] = mails_to("li@x.example")
    assert "我们已收到您的需求" in mail.outbox[-1].subject
    assert link_in(receipt)
