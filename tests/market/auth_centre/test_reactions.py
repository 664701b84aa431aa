"""Effects of lost access on sessions and tokens, and deletion of old rows (joint.md §6)."""

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
def test_withdrawn_tokens_stay_invalid_when_the_right_returns(named: bool) -> None:
    joint, other_joint = make_joint(), make_joint()
    own_tokens, other_tokens = tokens(joint), tokens(other_joint)
    Authorisation.objects.filter(binding=joint.binding).update(wanted=False)
    reactions.on_authorisation_withdrawn(withdrawn(joint, *([joint.member.pk] if named else [])), NOW)
    Authorisation.objects.update(wanted=True)
    assert userinfo(joint, own_tokens["access_token"]).status_code == 401
    assert refresh(joint, own_tokens["refresh_token"]).status_code == 400
    assert userinfo(other_joint, other_tokens["access_token"]).status_code == 200
    assert Grant.objects.get(member=joint.member).why == Grant.Why.WITHDRAWN


def test_access_through_another_service_remains() -> None:
    joint = make_joint()
    second = make_bound(joint.admin, joint.application)
    authorise(second, joint.member)
    access_token = tokens(joint)["access_token"]
    TenantBinding.objects.filter(pk=joint.binding.pk).update(status=TenantBinding.Status.UNBINDING)
    Authorisation.objects.filter(binding=joint.binding).update(wanted=False)
    reactions.on_authorisation_withdrawn(withdrawn(joint), NOW)
    assert userinfo(joint, access_token).status_code == 200


def test_disabled_member_is_signed_out_and_others_are_not() -> None:
    joint = make_joint()
    other_member = make_member_with_password(joint.admin, "li04")
    authorise(joint.binding, other_member)
    browser, access_token = sign_in(joint), tokens(joint)["access_token"]
    other_token = tokens(joint, sign_in(joint, "li04"))["access_token"]
    Member.objects.filter(pk=joint.member.pk).update(enabled=False)
    changed = MembersChanged(enterprise=joint.enterprise.pk, members=(joint.member.pk, other_member.pk))
    reactions.on_members_changed(changed, NOW)
    Member.objects.update(enabled=True)
    assert browser.get(joint.home).status_code == 302
    assert userinfo(joint, access_token).status_code == 401
    assert userinfo(joint, other_token).status_code == 200


def test_new_password_signs_out() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    reactions.on_member_password_reset(MemberPasswordReset(enterprise=joint.enterprise.pk, member=joint.member.pk), NOW)
    assert browser.get(joint.home).status_code == 302


@pytest.mark.parametrize("event", [AuthorisationWithdrawn, MembersChanged, MemberPasswordReset])
def test_market_subscribes_to_the_event(event: type) -> None:
    assert [reaction for reaction in REACTIONS.of(event, ()) if reaction.__module__ == reactions.__name__]


def _nights_after(days: int) -> datetime:
    return clock.wall() + timedelta(days=days)


def test_expired_secrets_are_deleted_and_sign_ins_later() -> None:
    joint = make_joint()
    issued = tokens(joint)
    refresh(joint, issued["refresh_token"])
    tables = (AuthorizationCode, AccessToken, RefreshToken, Grant, SignInSession)

    def night(before: datetime) -> list[int]:
        for rule in RULES:
            rule.work(before)
        return [model._default_manager.count() for model in tables]

    assert night(clock.wall()) == [1, 2, 2, 1, 1]
    assert night(_nights_after(1)) == [0, 0, 2, 1, 1], "a used refresh token is kept to detect its second use"
    assert night(_nights_after(31)) == [0, 0, 0, 0, 0]
