"""Who is told about members and domains, and the mail of an invitation, whose link opens the company to its reader alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as sent
from django.utils import translation

from tests.factories import NOW, make_buyer, make_member, make_seller
from tests.market.notifications.telling import happens, said
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import domains, groups, members
from tradepost.market.identity.events import DomainLapsed
from tradepost.market.identity.menus import DEVELOPER, VIEWER
from tradepost.market.identity.models import Invitation, Member
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.invitations import send_again, send_invitation
from tradepost.market.notifications.models import NoticeDelivery

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def owner() -> Member:
    person = make_buyer(balance="0", language="en", name="Owner O")
    return Member.objects.get(seller=make_seller(member=person, name="青榭软件", name_en="Qingxie"))


def invite(owner: Member, email: str = "new@a.example") -> Invitation:
    given = [groups.built_in(owner.seller, VIEWER)]
    with translation.override("zh-hans"):
        return send_invitation(owner.seller, email, groups=given, by=owner, most=50, valid=WEEK, now=NOW)


def test_the_mail_holds_the_only_token_and_speaks_its_readers_language(owner: Member) -> None:
    invited = invite(owner)
    letter = NoticeDelivery.objects.get()
    message = compose(letter, Site("https://market.example"))
    link = unseal(letter.sealed_link)
    assert message.to == ["new@a.example"]
    assert "青榭软件" in message.subject
    assert f"https://market.example{link}" in message.body
    assert owner.user.email in message.body
    token = link.split("/")[-2]
    assert members.find_invitation(token, now=NOW) == invited
    assert token not in str(NoticeDelivery.objects.values()) + str(Invitation.objects.values()) + str(
        Event.objects.values()
    )

    make_buyer(email="known@a.example", balance="0", language="en")
    invite(owner, "Known@a.example")
    assert "Qingxie invites you" in compose(NoticeDelivery.objects.latest("pk"), Site("https://market.example")).subject
    assert sent.outbox == []


def test_mailed_again_the_former_link_opens_nothing(owner: Member) -> None:
    first = invite(owner)
    token = unseal(NoticeDelivery.objects.get().sealed_link).split("/")[-2]
    again = send_again(first, by=owner, most=50, valid=WEEK, now=NOW)
    assert members.find_invitation(token, now=NOW) is None
    assert [group.code for group in again.groups.all()] == [VIEWER]
    first.refresh_from_db()
    with pytest.raises(Refused):
        send_again(first, by=owner, most=50, valid=WEEK, now=NOW)


def test_owner_and_member_learn_of_joining_leaving_and_other_groups(owner: Member) -> None:
    made = members.invite(
        owner.seller,
        "new@a.example",
        groups=[groups.built_in(owner.seller, VIEWER)],
        by=owner,
        most=50,
        valid=WEEK,
        now=NOW,
    )
    person = make_buyer(email="new@a.example", balance="0", language="en", name="New N")
    member = members.accept(made.token, user=person, now=NOW)
    happens()
    assert said(owner.user) == ["New N acts for Qingxie from now on"]
    assert said(person) == ["You act for Qingxie from now on"]

    members.put_into(member, [groups.built_in(owner.seller, DEVELOPER)], by=owner, now=NOW)
    happens()
    assert said(person)[0] == "Your groups at Qingxie have changed"

    members.remove(member, by=owner, now=NOW)
    happens()
    assert said(person)[0] == "You no longer act for Qingxie"
    assert len(said(owner.user)) == 1, "whoever removes knows it"


def test_ownership_that_was_handed_over_is_told_to_both(owner: Member) -> None:
    heir = make_member(owner.seller, make_buyer(balance="0", language="en", name="Heir H"), VIEWER)
    members.hand_over(owner, to=heir, now=NOW)
    happens()
    assert said(heir.user) == ["Qingxie is yours now"]
    assert said(owner.user) == ["You handed Qingxie over to Heir H"]


def test_a_domain_that_lapsed_is_told_to_those_who_see_the_tools(owner: Member) -> None:
    from tests.factories import make_group
    from tradepost.market.base import outbox

    trader = make_member(owner.seller, make_buyer(balance="0", language="en"), make_group(owner.seller, trade="write"))
    tools = make_member(owner.seller, make_buyer(balance="0", language="en"), VIEWER)
    domain = domains.register_domain(owner.seller, "api.a.example", outbound=PUBLIC, most=5, now=NOW)
    outbox.publish(DomainLapsed(domain=domain.pk, at=NOW), now=NOW)
    happens()
    title = "The proof of the domain api.a.example was not found any more"
    assert (said(owner.user), said(tools.user), said(trader.user)) == ([title], [title], [])
