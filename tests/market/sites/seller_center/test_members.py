"""Members on the seller's pages: invited, joined by the link, put into groups, removed; and no page gives more than one has."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import people, products
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base.config import config
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog import grants
from tradepost.market.identity.menus import DEVELOPER, EXPLAINED, VIEWER
from tradepost.market.identity.models import Group, Invitation, Member
from tradepost.market.notifications.models import NoticeDelivery


def link_of_the_mail() -> str:
    return unseal(NoticeDelivery.objects.latest("pk").sealed_link)


def test_somebody_is_invited_and_joins_with_an_account_of_that_address(page, shop):
    answer = page.post("/seller/members/invite/", {"email": "new@a.example", "groups": ["developer"]})

    assert answer.status_code == 302
    assert "new@a.example" in page.get("/seller/members/").content.decode()
    link = link_of_the_mail()
    stranger = Client(headers={"accept-language": "en"})
    text = stranger.get(link).content.decode()
    assert "open one with this address" in text
    assert f"/account/login/?next={link.replace('/', '%2F')}" in text
    assert stranger.post(link).headers["Location"].startswith("/account/login/?next=/seller/join/")
    other = enter(people.make_buyer(balance="0"))
    assert "you are logged in as" in other.get(link).content.decode()
    assert other.post(link).status_code == 403
    new = enter(people.make_buyer(email="New@a.example", balance="0"))
    assert "Accept the invitation" in new.get(link).content.decode()
    assert new.post(link).headers["Location"] == "/seller/"
    assert new.get("/seller/keys/").status_code == 200
    assert stranger.get(link).status_code == 404, "it works once"
    assert Member.objects.get(user__email__iexact="new@a.example").groups.get().code == DEVELOPER


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"email": "nonsense", "groups": ["viewer"]}, "This is not an e-mail address"),
        ({"email": "new@a.example"}, "Choose at least one group"),
        ({"email": "new@a.example", "groups": ["9999"]}, "9999"),
    ],
)
def test_a_wrong_invitation_is_explained_and_mails_nobody(page, given, words):
    text = page.post("/seller/members/invite/", given).content.decode()
    assert words in text
    assert f'value="{given["email"]}"' in text
    assert (Invitation.objects.count(), NoticeDelivery.objects.count()) == (0, 0)


def test_invitations_a_day_are_bounded(page, monkeypatch):
    monkeypatch.setattr(
        "tradepost.market.sites.seller_center.members.config",
        lambda: config().model_copy(update={"invitations_a_day": 1}),
    )
    answer = None
    for number in range(2):
        answer = page.post("/seller/members/invite/", {"email": f"n{number}@a.example", "groups": ["viewer"]})
    assert answer is not None
    assert "No more invitations can be mailed today" in answer.content.decode()
    assert NoticeDelivery.objects.count() == 1


def test_an_invitation_is_mailed_again_and_withdrawn(page):
    page.post("/seller/members/invite/", {"email": "new@a.example", "groups": ["viewer"]})
    first, link = Invitation.objects.get(), link_of_the_mail()
    page.post(f"/seller/members/invitations/{first.pk}/again/")
    assert Client().get(link).status_code == 404
    second, link = Invitation.objects.latest("pk"), link_of_the_mail()
    assert Client().get(link).status_code == 200
    page.post(f"/seller/members/invitations/{second.pk}/withdraw/")
    assert Client().get(link).status_code == 404
    assert page.post(f"/seller/members/invitations/{second.pk}/withdraw/").status_code == 409


def test_a_member_gets_groups_and_products(page, shop):
    one = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    product = products.make_product(shop.seller, name_en="Cloud Ledger")
    group = people.make_group(shop.seller, tools="write")

    page.post(f"/seller/members/{one.pk}/", {"groups": [str(group.pk)], "products": [str(product.pk)]})

    assert list(one.groups.all()) == [group]
    assert grants.granted_to(one) == [product]
    text = page.get(f"/seller/members/{one.pk}/").content.decode()
    assert "Interface tools: read and change" in text
    assert re.search(rf'value="{product.pk}"[^>]*checked', text)
    page.post(f"/seller/members/{one.pk}/", {"groups": ["viewer"]})
    assert grants.granted_to(one) == []


def test_another_sellers_member_group_and_product_do_not_exist(page, shop, other_shop):
    foreign = Member.objects.get(seller=other_shop.seller)
    group = people.make_group(other_shop.seller, trade="read")
    product = products.make_product(other_shop.seller)
    one = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    assert page.get(f"/seller/members/{foreign.pk}/").status_code == 404
    for act in ("remove", "hand-over"):
        assert page.post(f"/seller/members/{foreign.pk}/{act}/").status_code == 404
    assert page.get(f"/seller/members/groups/{group.pk}/").status_code == 404
    assert page.post(f"/seller/members/groups/{group.pk}/delete/").status_code == 404
    page.post(f"/seller/members/{one.pk}/", {"groups": ["viewer"], "products": [str(product.pk)]})
    page.post(f"/seller/members/{one.pk}/", {"groups": [str(group.pk)]})
    assert [g.code for g in one.groups.all()] == [VIEWER]
    assert grants.granted_to(one) == []


def of_a_group(name: str, **menus: str) -> dict[str, str]:
    return {"name": name} | dict.fromkeys(EXPLAINED, "none") | menus


def test_a_group_is_made_changed_and_deleted(page, shop):
    page.post("/seller/members/groups/new/", of_a_group(" Support  desk ", trade="read"))
    group = Group.objects.get(seller=shop.seller)
    assert (group.name, group.menus) == ("Support desk", {"trade": "read"})
    page.post(f"/seller/members/groups/{group.pk}/", of_a_group("Support", trade="write", company="read"))
    group.refresh_from_db()
    assert group.menus == {"trade": "write", "company": "read"}
    text = page.post("/seller/members/groups/new/", of_a_group("support", trade="read")).content.decode()
    assert "You have a group of this name already" in text
    page.post(f"/seller/members/groups/{group.pk}/delete/")
    assert not Group.objects.exists()


def test_a_manager_is_offered_and_gives_only_what_is_theirs(shop):
    group = people.make_group(shop.seller, members="write", trade="read")
    manager = people.make_member(shop.seller, people.make_buyer(balance="0"), group)
    strong = people.make_member(shop.seller, people.make_buyer(balance="0"), DEVELOPER)
    page = enter(manager.user)
    text = page.get("/seller/members/invite/").content.decode()
    assert 'value="developer"' not in text
    assert f'value="{group.pk}"' in text
    page.post("/seller/members/invite/", {"email": "new@a.example", "groups": ["developer"]})
    page.post("/seller/members/groups/new/", of_a_group("All", tools="write"))
    page.post(f"/seller/members/{strong.pk}/", {"groups": [str(group.pk)]})
    assert page.post(f"/seller/members/{strong.pk}/remove/").status_code == 403
    assert page.post(f"/seller/members/{manager.pk}/hand-over/").status_code == 403
    assert "only an owner can change or remove them" in page.get(f"/seller/members/{strong.pk}/").content.decode()
    assert (Invitation.objects.count(), Group.objects.count()) == (0, 2)
    assert [g.code for g in strong.groups.all()] == [DEVELOPER]


def test_a_company_is_handed_over_and_left(page, shop):
    heir = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    assert page.post("/seller/members/leave/").status_code == 409, "a company always has an owner"
    assert page.post(f"/seller/members/{heir.pk}/hand-over/").status_code == 302
    assert page.post("/seller/members/groups/new/", {"name": "x", "trade": "read"}).status_code == 403
    assert page.post("/seller/members/leave/").headers["Location"] == "/"
    assert page.get("/seller/").status_code == 404
    assert Member.objects.get(seller=shop.seller).pk == heir.pk


def test_names_of_people_and_groups_are_escaped(page, shop):
    person = people.make_buyer(balance="0", name="<script>alert(1)</script>")
    one = people.make_member(shop.seller, person, VIEWER)
    Group.objects.create(seller=shop.seller, name="<b>bold", menus={"trade": "read"})
    for path in ("/seller/members/", f"/seller/members/{one.pk}/", "/seller/members/invite/"):
        text = page.get(path).content.decode()
        assert "<script>alert(1)" not in text
        assert "<b>bold" not in text
