"""Issue 28: "Registration is open, by invitation or closed, for buyers and sellers separately" (decision 0106)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.factories.people import make_buyer, make_operator, make_seller
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import market_invitations, members, opening
from tradepost.market.identity.groups import built_in
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.identity.opening_models import MarketInvitation
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.models import NoticeDelivery

pytestmark = pytest.mark.django_db
NEW, PAGE, SIGN_UP = "new@lantian.example", "/console/registration/", "/account/signup/"
FORM = {"email": NEW, "password1": "a fresh password 7", "privacy": "on"}


def browser(user: User | None = None, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def console() -> Client:
    return browser(make_operator())


def words(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def set_modes(console: Client, *, buyers: str = "open", sellers: str = "open") -> None:
    assert console.post(PAGE, {"buyers": buyers, "sellers": sellers}).status_code == 302


def invite(console: Client, *, side: str = "buyer", emails: str = NEW, language: str = "en") -> str:
    """Return the path of the link in the newest mail."""
    answer = console.post(f"{PAGE}invite/", {"side": side, "emails": emails, "language": language})
    assert answer.status_code == 302, answer.content.decode()
    return newest_link()


def newest_link() -> str:
    return unseal(NoticeDelivery.objects.latest("pk").sealed_link)


def test_registration_is_open_until_an_operator_changes_it(console: Client) -> None:
    browser().post(SIGN_UP, FORM)
    assert User.objects.filter(email=NEW).exists()
    assert opening.current().buyers == "open"
    assert console.post(PAGE, {"buyers": "ajar", "sellers": "open"}).status_code == 422
    assert opening.current().buyers == "open"


@pytest.mark.parametrize(
    ("mode", "message"), [("invited", "Only people with an invitation"), ("closed", "does not accept new")]
)
def test_sign_up_needs_an_invitation(console: Client, mode: str, message: str) -> None:
    set_modes(console, buyers=mode)
    assert message in words(browser(), SIGN_UP)
    assert browser().post(SIGN_UP, FORM).status_code == 403
    assert not User.objects.filter(email=NEW).exists()


def test_person_signs_up_with_an_invitation(console: Client) -> None:
    set_modes(console, buyers="invited")
    link = invite(console)
    person = browser()
    page = words(person, link)
    assert NEW in page
    signup = re.search(r'href="(/account/signup/\?[^"]*)"', page.partition("<main")[2])
    assert signup is not None
    form = words(person, signup[1].replace("&amp;", "&"))
    assert f'value="{NEW}"' in form
    other = person.post(SIGN_UP, FORM | {"email": "other@lantian.example", "next": link})
    assert other.status_code == 422
    assert "The invitation is for" in other.content.decode()
    assert person.post(SIGN_UP, FORM | {"next": link}).status_code == 302
    assert MarketInvitation.objects.get().user == User.objects.get(email=NEW)
    assert browser().get(link).status_code == 404, "once"
    assert browser().post(SIGN_UP, FORM | {"email": "third@lantian.example", "next": link}).status_code == 403
    assert "Accepted" in words(console, PAGE)


def test_invitation_expires(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    set_modes(console, buyers="invited")
    first = invite(console)
    pk = MarketInvitation.objects.get().pk
    console.post(f"{PAGE}{pk}/again/")
    second = newest_link()
    assert browser().get(first).status_code == 404, "replaced"
    assert browser().get(second).status_code == 200
    MarketInvitation.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    assert browser().get(second).status_code == 404
    assert "Expired" in words(console, PAGE)
    console.post(f"{PAGE}{pk}/again/")
    console.post(f"{PAGE}{pk}/withdraw/")
    assert browser().get(newest_link()).status_code == 404
    assert browser().post(SIGN_UP, FORM | {"next": newest_link()}).status_code == 403
    late = console.post(f"{PAGE}{pk}/again/", follow=True)
    assert "has changed in the meantime" in late.content.decode()
    assert MarketInvitation.objects.get().status == "withdrawn"
    assert not User.objects.filter(email=NEW).exists()


def test_company_applies_only_with_an_invitation(console: Client) -> None:
    set_modes(console, sellers="invited")
    owner = make_buyer(balance="0")
    assert "only by invitation" in words(browser(owner), "/seller/enter/")
    assert browser(owner).post("/seller/enter/").status_code == 403
    link = invite(console, side="seller", emails=owner.email)
    stranger = make_buyer(balance="0")
    assert browser(stranger).post(link).status_code == 403
    assert browser(owner).post(link).headers["Location"] == "/seller/enter/"
    assert browser(owner).post("/seller/enter/").status_code == 302
    assert browser(stranger).post("/seller/enter/").status_code == 403
    assert Seller.objects.count() == 1


def test_closed_registration_keeps_existing_users(console: Client) -> None:
    owner = make_buyer(balance="0")
    link = invite(console, side="seller", emails=owner.email)
    browser(owner).post(link)
    browser(owner).post("/seller/enter/")
    set_modes(console, buyers="closed", sellers="closed")
    assert browser(owner).post("/seller/enter/").status_code == 302, "its application goes on"
    assert "does not accept new sellers" in words(browser(make_buyer(balance="0")), "/seller/enter/")
    assert browser().post(SIGN_UP, FORM | {"next": invite(console)}).status_code == 403
    assert not User.objects.filter(email=NEW).exists()


def _seller_invitation(email: str) -> str:
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    member = Member.objects.get(user=owner)
    invited_member = members.invite(
        seller, email, groups=[built_in(seller, VIEWER)], by=member, most=9, valid=timedelta(days=7), now=clock.now()
    )
    return f"/seller/join/{invited_member.token}/"


def test_invitation_of_a_seller_is_valid_unless_registration_is_closed(console: Client) -> None:
    link = _seller_invitation(NEW)
    set_modes(console, buyers="closed")
    assert browser().post(SIGN_UP, FORM | {"next": link}).status_code == 403
    set_modes(console, buyers="invited")
    assert browser().post(SIGN_UP, FORM | {"email": "x@lantian.example", "next": link}).status_code == 422
    assert not User.objects.filter(email__in=[NEW, "x@lantian.example"]).exists()
    assert browser().post(SIGN_UP, FORM | {"next": link}).status_code == 302
    assert User.objects.filter(email=NEW).exists()


@pytest.mark.parametrize("leads_to", ["/orders/", "/seller/join/made-up/", "/invitation/made-up/", "http://[", "//x"])
def test_other_addresses_are_no_invitation(console: Client, leads_to: str) -> None:
    set_modes(console, buyers="invited")
    assert browser().post(SIGN_UP, FORM | {"next": leads_to}).status_code == 403
    assert not User.objects.filter(email=NEW).exists()


@pytest.mark.parametrize(
    ("emails", "message"),
    [
        ("known@lantian.example", "already has an account"),
        (f"{NEW}, not-an-address", "is not an email address"),
        ("sent@lantian.example", "has already been invited"),
        (" , ", "Enter between 1 and"),
    ],
)
def test_one_invalid_address_refuses_the_whole_form(console: Client, emails: str, message: str) -> None:
    make_buyer(email="known@lantian.example", balance="0")
    invite(console, emails="sent@lantian.example")
    before = NoticeDelivery.objects.count()
    refused = console.post(f"{PAGE}invite/", {"side": "buyer", "emails": emails, "language": "en"})
    assert refused.status_code == 422
    assert message in refused.content.decode()
    assert (MarketInvitation.objects.count(), NoticeDelivery.objects.count()) == (1, before)


def test_mail_is_in_the_language_of_its_recipient(console: Client) -> None:
    invite(console, emails="a@lantian.example", language="zh-hans")
    owner = make_buyer(balance="0", language="en")
    invite(console, side="seller", emails=owner.email, language="zh-hans")
    chinese, english = (
        str(compose(mail, Site(config().base_url)).subject) for mail in NoticeDelivery.objects.order_by("pk")
    )
    assert "邀请您注册账号" in chinese
    assert "You are invited to sell" in english


def test_one_form_invites_many(console: Client) -> None:
    invite(console, emails="a@lantian.example\nb@lantian.example; A@lantian.example,c@lantian.example")
    assert MarketInvitation.objects.count() == 3


def test_address_is_invited_once_in_any_spelling() -> None:
    """An email address has many spellings. The database decides, so that two simultaneous operators invite only once."""
    by, now, day = make_operator(), clock.now(), timedelta(days=1)
    first = market_invitations.invite("buyer", "sent@LANTIAN.example", language="en", by=by, valid=day, now=now)
    with pytest.raises(Refused, match=r"market_invitation\.sent"):
        market_invitations.invite("buyer", "Sent@Lantian.Example", language="en", by=by, valid=day, now=now)
    assert MarketInvitation.objects.get().email == "sent@LANTIAN.example"
    for side, email in (("seller", "sent@lantian.example"), ("buyer", "sent@lantian.example.org")):
        market_invitations.invite(side, email, language="en", by=by, valid=day, now=now)
    MarketInvitation.objects.filter(pk=first.invitation.pk).update(status="withdrawn")
    market_invitations.invite("buyer", "Sent@Lantian.Example", language="en", by=by, valid=day, now=now)
    assert MarketInvitation.objects.count() == 4
