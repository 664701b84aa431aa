"""What ends for good when somebody may no longer sign in, and what is deleted when it is old (joint.md §6)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW
from tests.factories.signing_in import Joint, authorise, make_bound, make_joint, make_member_with_password
from tests.market.auth_centre.browsing import refresh, sign_in, tokens, userinfo
from tradepost.market.applications.events import AuthorisationWithdrawn
from tradepost.market.applications.models import Authorisation, TenantBinding
from tradepost.market.auth_centre import reactions
from tradepost.market.auth_centre.models import AccessToken, AuthorizationCode, Grant, RefreshToken, SignInSession
from tradepost.market.auth_centre.retention import RULES
from tradepost.market.base import clock
from tradepost.market.organisations.events import MemberPasswordReset, MembersChanged
from tradepost.market.organisations.models import Member
from tradepost.market.wiring import REACTIONS

pytestmark = pytest.mark.django_db


def withdrawn(joint: Joint, *members: int) -> AuthorisationWithdrawn:
    return AuthorisationWithdrawn(
        binding=joint.binding.pk, enterprise=joint.enterprise.pk, application=joint.application.pk, members=members, at=NOW
    )  # fmt: skip


@pytest.mark.parametrize("named", [True, False])
def test_what_was_withdrawn_does_not_come_back_with_the_right(named: bool) -> None:
    joint, other = make_joint(), make_joint()
    held, others = tokens(joint), tokens(other)
    Authorisation.objects.filter(binding=joint.binding).update(wanted=False)
    reactions.on_authorisation_withdrawn(withdrawn(joint, *([joint.member.pk] if named else [])), NOW)
    Authorisation.objects.update(wanted=True)
    assert userinfo(joint, held["access_token"]).status_code == 401
    assert refresh(joint, held["refresh_token"]).status_code == 400
    assert userinfo(other, others["access_token"]).status_code == 200
    assert Grant.objects.get(member=joint.member).why == Grant.Why.WITHDRAWN


def test_who_has_the_application_by_another_service_keeps_it() -> None:
    joint = make_joint()
    second = make_bound(joint.admin, joint.application)
    authorise(second, joint.member)
    held = tokens(joint)["access_token"]
    TenantBinding.objects.filter(pk=joint.binding.pk).update(status=TenantBinding.Status.UNBINDING)
    Authorisation.objects.filter(binding=joint.binding).update(wanted=False)
    reactions.on_authorisation_withdrawn(withdrawn(joint), NOW)
    assert userinfo(joint, held).status_code == 200


def test_a_disabled_member_is_signed_out_for_good_and_others_are_not() -> None:
    joint = make_joint()
    other = make_member_with_password(joint.admin, "li04")
    authorise(joint.binding, other)
    browser, held = sign_in(joint), tokens(joint)["access_token"]
    others = tokens(joint, sign_in(joint, "li04"))["access_token"]
    Member.objects.filter(pk=joint.member.pk).update(enabled=False)
    changed = MembersChanged(enterprise=joint.enterprise.pk, members=(joint.member.pk, other.pk))
    reactions.on_members_changed(changed, NOW)
    Member.objects.update(enabled=True)
    assert browser.get(joint.home).status_code == 302
    assert userinfo(joint, held).status_code == 401
    assert userinfo(joint, others).status_code == 200


def test_a_new_password_signs_out() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    reactions.on_member_password_reset(MemberPasswordReset(enterprise=joint.enterprise.pk, member=joint.member.pk), NOW)
    assert browser.get(joint.home).status_code == 302


@pytest.mark.parametrize("event", [AuthorisationWithdrawn, MembersChanged, MemberPasswordReset])
def test_the_market_reacts_so(event: type) -> None:
    ours = {reaction for entry in reactions.REACTIONS for reaction in entry.reactions}
    assert ours & set(REACTIONS.of(event, ()))


def _nights_after(days: int) -> datetime:
    return clock.wall() + timedelta(days=days)


def test_secrets_go_when_they_can_no_longer_be_used_and_sign_ins_a_while_later() -> None:
    joint = make_joint()
    held = tokens(joint)
    refresh(joint, held["refresh_token"])
    kept = (AuthorizationCode, AccessToken, RefreshToken, Grant, SignInSession)

    def night(before: datetime) -> list[int]:
        for rule in RULES:
            rule.work(before)
        return [model._default_manager.count() for model in kept]

    assert night(clock.wall()) == [1, 2, 2, 1, 1]
    assert night(_nights_after(1)) == [0, 0, 2, 1, 1], "a used refresh token is still known: its second use is seen"
    assert night(_nights_after(31)) == [0, 0, 0, 0, 0]
