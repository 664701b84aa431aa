"""Links to acts are shown only to members who may act (business-rules §1.7): a read-only member gets no useless page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern

from tests.factories import make_address, make_buyer, make_member, make_product, make_seller
from tradepost.market.identity.models import Member, Seller, SigningKey
from tradepost.market.sites.seller_center import urls
from tradepost.market.sites.seller_center.access import Requirement
from tradepost.market.web.access import declared_access

TEMPLATES = Path(urls.__file__).parent / "templates"
FORMS = {
    "address_new", "application_new", "invoice_batch", "keys", "product_delist", "product_new", "product_restore",
    "product_submit",
}  # fmt: skip
"""Pages that a reader may open, but that are useful only to members who may change something."""
READ = {
    "seller_center/layout.html": {"keys"},
    "seller_center/road_apis.html": {"keys"},
    "seller_center/repay.html": {"repay"},
}
"""Templates whose links to these pages are for reading, or are shown only to their readers."""
RIGHTS = re.compile(r"\bmay_|\bchanges\b|\bowner\b")
TAG = re.compile(r"{%\s*(if|elif|else|endif|url|post_button|post|confirm|nothing)\b(.*?)%}", re.DOTALL)


def acts() -> set[str]:
    """Names of the pages that only writers and owners may open, and of those above."""
    names = set(FORMS)
    for pattern in get_resolver(urls.__name__).url_patterns:
        if isinstance(pattern, URLPattern):
            needs = declared_access(pattern.callback)
            if isinstance(needs, Requirement) and needs.menu is not None and needs.write and not needs.owner:
                names.add(str(pattern.name))
    return names


def unguarded(template: str, names: set[str]) -> list[str]:
    """Links to these pages outside of any condition about rights."""
    stack: list[str] = []
    wrong = []
    for kind, rest in TAG.findall(template):
        match kind:
            case "if":
                stack.append(rest)
            case "elif":
                stack[-1] = rest
            case "else":
                stack[-1] = ""
            case "endif":
                stack.pop()
            case _:
                linked = (
                    set(re.findall(r'"seller_center:(\w+)"|"?seller_center:(\w+),', rest))
                    if kind == "nothing"
                    else set()
                )
                linked |= set(re.findall(r'\s*"seller_center:(\w+)"()', rest)) if kind != "nothing" else set()
                if not any(map(RIGHTS.search, [*stack, rest if kind == "nothing" else ""])):
                    wrong += sorted({a or b for a, b in linked} & names)
    return wrong


def test_every_link_to_an_act_is_within_a_condition_about_rights() -> None:
    names, wrong = acts(), []
    assert {"web_check_new", "member_invite", "attribute_new"} <= names
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = str(path.relative_to(TEMPLATES))
        wrong += [f"{name}: {link}" for link in unguarded(path.read_text(), names - READ.get(name, set()))]
    assert not wrong, "\n".join(["", *wrong])


def test_scan_finds_an_unguarded_link() -> None:
    bare = '{% if a %}<a href="{% url "seller_center:address_new" %}">x</a>{% endif %}'
    assert unguarded(bare, {"address_new"}) == ["address_new"]
    assert unguarded(bare.replace("if a", "if a and may_change"), {"address_new"}) == []
    other = '{% if may_change %}{% else %}<a href="{% url "seller_center:address_new" %}">x</a>{% endif %}'
    assert unguarded(other, {"address_new"}) == ["address_new"]


def overview(seller: Seller, role: str) -> str:
    user = make_buyer()
    make_member(seller, user, role)
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    page = client.get(reverse("seller_center:overview")).content.decode()
    return page[page.index("<main") :]


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "acts_there"), [(Member.Role.OWNER, True), ("developer", True), ("viewer", False)])
def test_overview_offers_acts_by_role(role: str, acts_there: bool) -> None:
    """An address without a key and a product without an address; test_first_order.py covers the checklist."""
    seller = make_seller()
    make_address(seller)
    make_product(seller, bound=False)
    SigningKey.objects.filter(seller=seller).delete()
    page = overview(seller, role)
    assert "An address has no signing key" in page
    assert "is on sale without a production address" in page
    assert ("Create the key" in page) is acts_there
    assert ("Choose an address" in page) is acts_there
