"""The checklist to the first order: each step follows the facts, its links work for the reader, and it ends (issue 27,
6)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.factories import buying, companies, people, products, publishable
from tests.factories.companies import owner_of
from tests.factories.people import NOW
from tests.market.review import publishing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.catalog import trading
from tradepost.market.catalog.models import Product
from tradepost.market.identity import agreements
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import SalesDay

pytestmark = pytest.mark.django_db
STEPS = ("company", "domain", "address", "cases", "product", "review", "listing")


def states(text: str) -> dict[str, str]:
    return dict(re.findall(r'data-step="(\w+)"\s+data-state="(\w+)"', text))


def links(text: str) -> list[str]:
    checklist = re.search(r'id="tp-checklist".*?</section>', text, re.DOTALL)
    return re.findall(r'href="([^"]+)"', checklist[0]) if checklist else []


def without_agreements() -> Seller:
    return companies.admitted()


def certified() -> Seller:
    """The company is complete: it may publish, and has accepted the agreements for it."""
    seller = publishable.may_publish()
    now = clock.now()
    for agreement in agreements.agreements_to_accept(seller, now=now):
        agreements.accept(seller, agreement, by=owner_of(seller), now=now)
    return seller


def with_draft() -> Seller:
    seller = certified()
    publishable.drafted(seller, publishable.right_document(seller))
    return seller


def with_unfinished_draft() -> Seller:
    seller = certified()
    product = publishable.drafted(seller, publishable.right_document(seller))
    version = product.versions.get()
    version.document = {**version.document, "base": {}}
    version.save()
    return seller


def ready() -> Seller:
    return publishing.ready(seller=certified()).seller


def in_review() -> Seller:
    product = publishing.ready()
    publishing.pending(product)
    return product.seller


def listed() -> Seller:
    return publishing.listed().seller


def frozen() -> Seller:
    product = publishing.listed()
    trading.freeze(product, cause="x", actor="t", now=NOW)
    return product.seller


def delivered_by_people() -> Seller:
    """A kind that is delivered without an interface."""
    seller = people.make_seller(member=people.make_buyer(balance="0"))
    products.make_product(seller, product_type="MANUAL_SERVICE", bound=False)
    return seller


DONE, MISSING, WAITING, NOT_NEEDED = "done", "missing", "waiting", "not_needed"
ALL_DONE = dict.fromkeys(STEPS, DONE)
CASES: dict[str, tuple[Callable[[], Seller], dict[str, str]]] = {
    "admitted": (without_agreements, dict.fromkeys(STEPS, MISSING)),
    "certified": (certified, dict.fromkeys(STEPS, MISSING) | {"company": DONE}),
    "draft": (
        with_draft, ALL_DONE | {"cases": MISSING, "review": MISSING, "listing": MISSING},
    ),
    "unfinished draft": (
        with_unfinished_draft,
        ALL_DONE | {"cases": MISSING, "product": MISSING, "review": MISSING, "listing": MISSING},
    ),
    "ready": (ready, ALL_DONE | {"review": MISSING, "listing": MISSING}),
    "in review": (in_review, ALL_DONE | {"review": WAITING, "listing": WAITING}),
    "listed": (listed, ALL_DONE),
    "frozen": (frozen, ALL_DONE | {"listing": MISSING}),
    "by hand": (
        delivered_by_people, ALL_DONE | {"company": MISSING} | dict.fromkeys(("domain", "address", "cases"), NOT_NEEDED),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_step_shows_its_state_and_its_link_works(name: str) -> None:
    make, expected = CASES[name]
    client = enter(owner_of(make()))
    text = client.get("/seller/").text
    assert states(text) == expected
    assert links(text)
    for link in links(text):
        assert client.get(link.partition("#")[0]).status_code == 200, link


def test_applicant_reads_it_on_the_page_of_the_company() -> None:
    seller = companies.applicant()
    client = enter(owner_of(seller))
    text = client.get("/seller/company/").text
    assert states(text)["company"] == MISSING
    assert set(links(text)) <= {"/seller/company/"}
    companies.pending(companies.draft(seller))
    assert states(client.get("/seller/company/").text)["company"] == WAITING


@pytest.mark.parametrize(
    "menus", [{}, {"trade": "write"}, {"tools": "read"}, {"products": "read"}, {"company": "read"}]
)
def test_links_lead_only_where_the_reader_may_go(menus: dict[str, str]) -> None:
    seller = with_draft()
    member = people.make_buyer(balance="0")
    people.make_member(seller, member, people.make_group(seller, **menus))
    client = enter(member)
    text = client.get("/seller/").text
    assert tuple(states(text)) == STEPS
    assert bool(links(text)) == bool(menus.keys() & {"tools", "products", "company"})
    for link in links(text):
        assert client.get(link.partition("#")[0]).status_code == 200, link


def test_checklist_disappears_after_the_first_order_and_returns_on_request() -> None:
    seller = people.make_seller(member=people.make_buyer(balance="0"))
    client = enter(owner_of(seller))
    assert states(client.get("/seller/").text)
    assert "?checklist=1" not in client.get("/seller/").text
    offer = products.make_offer(products.make_product(seller))
    buying.make_order(offer=offer, paid=True)
    SalesDay.objects.get_or_create(
        seller=seller, day=NOW.date(), currency="CNY", part=0, defaults={"lines": 1, "amount_minor": 1}
    )
    text = client.get("/seller/").text
    assert not states(text)
    assert "?checklist=1" in text
    assert states(client.get("/seller/?checklist=1").text)
    assert Product.objects.filter(seller=seller).exists()
