"""Notices about members and domains, and the mail of an invitation, whose link works for its reader only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as sent
from django.utils import translation

from tests.factories import NOW, make_buyer, make_member, make_seller
from tests.market.notifications.telling import handle_events_twice, notice_titles
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import domains, groups, members
from tradepost.market.identity.events import DomainLapsed
from tradepost.market.identity.menus import DEVELOPER, VIEWER
from tradepost.market.identity.models import Invitation, Member
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.invitations import resend_invitation, send_invitation
from tradepost.market.notifications.models import NoticeDelivery

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def owner() -> Member:
    person = make_buyer(balance="0", language="en", name="Owner O")
    return Member.objects.get(seller=make_seller(member=person, name="青榭软件", name_en="Qingxie"))


def invite(owner: Member, email: str = "new@a.example") -> Invitation:
    chosen_groups = [groups.built_in(owner.seller, VIEWER)]
    with translation.override("zh-hans"):
        return send_invitation(owner.seller, email, groups=chosen_groups, by=owner, most=50, valid=WEEK, now=NOW)


def test_mail_holds_the_only_token_and_is_in_the_readers_language(owner: Member) -> None:
    invitation = invite(owner)
    mail = NoticeDelivery.objects.get()
    message = compose(mail, Site("https://market.example"))
    link = unseal(mail.sealed_link)
    assert message.to == ["new@a.example"]
    assert "青榭软件" in message.subject
    assert f"https://market.example{link}" in message.body
    assert owner.user.email in message.body
    token = link.split("/")[-2]
    assert members.find_invitation(token, now=NOW) == invitation
    assert token not in str(NoticeDelivery.objects.values()) + str(Invitation.objects.values()) + str(
        Event.objects.values()
    )

    make_buyer(email="known@a.example", balance="0", language="en")
    invite(owner, "Known@a.example")
    assert "Qingxie invites you" in compose(NoticeDelivery.objects.latest("pk"), Site("https://market.example")).subject
    assert sent.outbox == []


def test_sending_again_invalidates_the_former_link(owner: Member) -> None:
    first = invite(owner)
    token = unseal(NoticeDelivery.objects.get().sealed_link).split("/")[-2]
    renewed = resend_invitation(first, by=owner, most=50, valid=WEEK, now=NOW)
    assert members.find_invitation(token, now=NOW) is None
    assert [group.code for group in renewed.groups.all()] == [VIEWER]
    first.refresh_from_db()
    with pytest.raises(Refused):
        resend_invitation(first, by=owner, most=50, valid=WEEK, now=NOW)


def test_owner_and_member_are_notified_of_joining_leaving_and_group_changes(owner: Member) -> None:
    issued = members.invite(
        owner.seller,
        "new@a.example",
        groups=[groups.built_in(owner.seller, VIEWER)],
        by=owner,
        most=50,
        valid=WEEK,
        now=NOW,
    )
    person = make_buyer(email="new@a.example", balance="0", language="en", name="New N")
    member = members.accept(issued.token, user=person, now=NOW)
    handle_events_twice()
    assert notice_titles(owner.user) == ["New N now acts for Qingxie"]
    assert notice_titles(person) == ["You now act for Qingxie"]

    members.assign_groups(member, [groups.built_in(owner.seller, DEVELOPER)], by=owner, now=NOW)
    handle_events_twice()
    assert notice_titles(person)[0] == "Your groups at Qingxie have changed"

    members.remove(member, by=owner, now=NOW)
    handle_events_twice()
    assert notice_titles(person)[0] == "You no longer act for Qingxie"
    assert len(notice_titles(owner.user)) == 1, "the person who removes the member gets no notice"


def test_transfer_of_ownership_notifies_both(owner: Member) -> None:
    heir = make_member(owner.seller, make_buyer(balance="0", language="en", name="Heir H"), VIEWER)
    members.transfer_ownership(owner, to=heir, now=NOW)
    handle_events_twice()
    assert notice_titles(heir.user) == ["You are now the owner of Qingxie"]
    assert notice_titles(owner.user) == ["You transferred Qingxie to Heir H"]


def test_lapsed_domain_notifies_members_who_see_the_tools(owner: Member) -> None:
    from tests.factories import make_group
    from tradepost.market.base import outbox

    trader = make_member(owner.seller, make_buyer(balance="0", language="en"), make_group(owner.seller, trade="write"))
    viewer = make_member(owner.seller, make_buyer(balance="0", language="en"), VIEWER)
    domain = domains.register_domain(owner.seller, "api.a.example", outbound=PUBLIC, most=5, now=NOW)
    outbox.publish(DomainLapsed(domain=domain.pk, at=NOW), now=NOW)
    handle_events_twice()
    title = "The verification data of the domain api.a.example was not found"
    assert (notice_titles(owner.user), notice_titles(viewer.user), notice_titles(trader.user)) == ([title], [title], [])
