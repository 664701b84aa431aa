"""Members on the seller's pages: invited, joined by link, put into groups, removed; nobody can grant rights that they
lack."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.configured import changed
from tests.factories import people, products
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base.config import config
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog import grants
from tradepost.market.identity.menus import DEVELOPER, GRANTABLE, VIEWER
from tradepost.market.identity.models import Group, Invitation, Member
from tradepost.market.notifications.models import NoticeDelivery


def link_of_the_mail() -> str:
    return unseal(NoticeDelivery.objects.latest("pk").sealed_link)


def test_invited_person_joins_with_an_account_of_that_address(page, shop):
    answer = page.post("/seller/members/invite/", {"email": "new@a.example", "groups": ["developer"]})

    assert answer.status_code == 302
    assert "new@a.example" in page.get("/seller/members/").content.decode()
    link = link_of_the_mail()
    stranger = Client(headers={"accept-language": "en"})
    text = stranger.get(link).content.decode()
    assert "create one with this address" in text
    assert f"/account/login/?next={link.replace('/', '%2F')}" in text
    assert stranger.post(link).headers["Location"].startswith("/account/login/?next=/seller/join/")
    other = enter(people.make_buyer(balance="0"))
    assert "Sign out, then open the link in the email again" in other.get(link).content.decode()
    assert other.post(link).status_code == 403
    new = enter(people.make_buyer(email="New@a.example", balance="0"))
    assert "Accept the invitation" in new.get(link).content.decode()
    assert new.post(link).headers["Location"] == "/seller/"
    assert new.get("/seller/keys/").status_code == 200
    assert stranger.get(link).status_code == 404, "it works once"
    assert Member.objects.get(user__email__iexact="new@a.example").groups.get().code == DEVELOPER


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "nonsense", "groups": ["viewer"]}, "This is not an e-mail address"),
        ({"email": "new@a.example"}, "Choose at least one group"),
        ({"email": "new@a.example", "groups": ["9999"]}, "9999"),
    ],
)
def test_wrong_invitation_is_explained_and_sends_no_mail(page, form, words):
    text = page.post("/seller/members/invite/", form).content.decode()
    assert words in text
    assert f'value="{form["email"]}"' in text
    assert (Invitation.objects.count(), NoticeDelivery.objects.count()) == (0, 0)


def test_daily_invitations_are_limited(page, monkeypatch):
    monkeypatch.setattr(
        "tradepost.market.sites.seller_center.members.config",
        lambda: changed(config(), invitations_a_day=1),
    )
    answer = None
    for number in range(2):
        answer = page.post("/seller/members/invite/", {"email": f"n{number}@a.example", "groups": ["viewer"]})
    assert answer is not None
    assert "You have reached the daily limit for invitations. Try again tomorrow" in answer.content.decode()
    assert NoticeDelivery.objects.count() == 1


def test_invitation_is_mailed_again_and_withdrawn(page):
    page.post("/seller/members/invite/", {"email": "new@a.example", "groups": ["viewer"]})
    first, link = Invitation.objects.get(), link_of_the_mail()
    page.post(f"/seller/members/invitations/{first.pk}/again/")
    assert Client().get(link).status_code == 404
    second, link = Invitation.objects.latest("pk"), link_of_the_mail()
    assert Client().get(link).status_code == 200
    page.post(f"/seller/members/invitations/{second.pk}/withdraw/")
    assert Client().get(link).status_code == 404
    assert page.post(f"/seller/members/invitations/{second.pk}/withdraw/").status_code == 409


def test_member_gets_groups_and_products(page, shop):
    member = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    product = products.make_product(shop.seller, name_en="Cloud Ledger")
    group = people.make_group(shop.seller, tools="write")

    page.post(f"/seller/members/{member.pk}/", {"groups": [str(group.pk)], "products": [str(product.pk)]})

    assert list(member.groups.all()) == [group]
    assert grants.granted_to(member) == [product]
    text = page.get(f"/seller/members/{member.pk}/").content.decode()
    assert "Interface tools: read and write" in text
    assert re.search(rf'value="{product.pk}"[^>]*checked', text)
    page.post(f"/seller/members/{member.pk}/", {"groups": ["viewer"]})
    assert grants.granted_to(member) == []


def test_member_group_and_product_of_another_seller_are_not_found(page, shop, other_shop):
    foreign = Member.objects.get(seller=other_shop.seller)
    group = people.make_group(other_shop.seller, trade="read")
    product = products.make_product(other_shop.seller)
    member = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    assert page.get(f"/seller/members/{foreign.pk}/").status_code == 404
    for act in ("remove", "hand-over"):
        assert page.post(f"/seller/members/{foreign.pk}/{act}/").status_code == 404
    assert page.get(f"/seller/members/groups/{group.pk}/").status_code == 404
    assert page.post(f"/seller/members/groups/{group.pk}/delete/").status_code == 404
    page.post(f"/seller/members/{member.pk}/", {"groups": ["viewer"], "products": [str(product.pk)]})
    page.post(f"/seller/members/{member.pk}/", {"groups": [str(group.pk)]})
    assert [g.code for g in member.groups.all()] == [VIEWER]
    assert grants.granted_to(member) == []


def of_a_group(name: str, **menus: str) -> dict[str, str]:
    return {"name": name} | dict.fromkeys(GRANTABLE, "none") | menus


def test_group_is_created_changed_and_deleted(page, shop):
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


def test_manager_grants_only_their_own_rights(shop):
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


def test_company_is_transferred_and_left(page, shop):
    heir = people.make_member(shop.seller, people.make_buyer(balance="0"), VIEWER)
    assert page.post("/seller/members/leave/").status_code == 409, "a company always has an owner"
    assert page.post(f"/seller/members/{heir.pk}/hand-over/").status_code == 302
    assert page.post("/seller/members/groups/new/", {"name": "x", "trade": "read"}).status_code == 403
    assert page.post("/seller/members/leave/").headers["Location"] == "/"
    assert page.get("/seller/").status_code == 404
    assert Member.objects.get(seller=shop.seller).pk == heir.pk


def test_member_without_the_members_page_leaves_from_their_own_page(shop):
    """The act was open to all members, and its button was on a page that developers do not see."""
    other = people.make_buyer(balance="0")
    people.make_member(shop.seller, other, DEVELOPER)
    client = Client(headers={"accept-language": "en"})
    client.force_login(other)
    assert client.get("/seller/members/").status_code == 403
    assert 'href="/seller/membership/"' in client.get("/seller/").content.decode()
    own = client.get("/seller/membership/").content.decode()
    assert 'action="/seller/members/leave/"' in own
    assert 'href="/seller/members/' not in own
    assert client.post("/seller/members/leave/").headers["Location"] == "/"
    assert not Member.objects.filter(seller=shop.seller, user=other).exists()


def test_names_of_people_and_groups_are_escaped(page, shop):
    person = people.make_buyer(balance="0", name="<script>alert(1)</script>")
    member = people.make_member(shop.seller, person, VIEWER)
    Group.objects.create(seller=shop.seller, name="<b>bold", menus={"trade": "read"})
    for path in ("/seller/members/", f"/seller/members/{member.pk}/", "/seller/members/invite/"):
        text = page.get(path).content.decode()
        assert "<script>alert(1)" not in text
        assert "<b>bold" not in text
