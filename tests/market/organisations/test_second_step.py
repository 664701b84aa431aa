"""An enterprise requires two-step sign-in of its members, and resets it for a member who lost the telephone (business-rules §11.2)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from tests.factories import NOW
from tests.factories.second_step import is_on, turn_on
from tests.factories.signing_in import Joint, make_joint
from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.organisations import second_step
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def joint() -> Joint:
    return make_joint()


def recorded_acts() -> list[str]:
    return [entry.act for entry in EnterpriseAct.objects.filter(act__startswith="second_step").order_by("pk")]


def reset(joint: Joint, member: Member, by: Member | None = None) -> None:
    with translation.override("en"):
        second_step.reset(member, by=by or joint.admin, now=NOW, wall=clock.wall())


def test_requiring_and_releasing_are_recorded_once(joint: Joint) -> None:
    for required in (True, True, False, False):
        second_step.require_for_all(joint.enterprise, wanted=required, by=joint.admin, now=NOW)
        assert Enterprise.objects.get(pk=joint.enterprise.pk).second_step_required is required
    assert recorded_acts() == ["second_step_required", "second_step_optional"]


def test_only_an_administrator_can_require_it(joint: Joint) -> None:
    with pytest.raises(Refused):
        second_step.require_for_all(joint.enterprise, wanted=True, by=joint.member, now=NOW)
    assert recorded_acts() == []


def test_it_is_reset_for_a_managed_account(joint: Joint) -> None:
    turn_on(joint.member.user)
    reset(joint, joint.member)
    assert not is_on(joint.member.user)
    assert recorded_acts() == ["second_step_reset"]
    with pytest.raises(Refused, match="nothing was changed"):
        reset(joint, joint.member)
    assert recorded_acts() == ["second_step_reset"]


def test_it_is_not_reset_for_a_persons_own_account(joint: Joint) -> None:
    """The account may hold purchases outside of the enterprise."""
    turn_on(joint.admin.user)
    with pytest.raises(Refused, match="belongs to the person"):
        reset(joint, joint.admin)
    assert is_on(joint.admin.user)
    assert recorded_acts() == []
    assert Event.objects.filter(name="sign_in_changed").count() == 1


def test_administrator_requires_and_resets_it_on_pages(joint: Joint) -> None:
    home, client = f"/enterprise/{joint.enterprise.code}", Client(headers={"accept-language": "en"})
    client.force_login(joint.admin.user)
    page = client.post(f"{home}/settings/second-step/", {"wanted": "yes"}, follow=True)
    assert "From their next sign-in on" in page.content.decode()
    assert "Let members decide" in page.content.decode()
    turn_on(joint.member.user)
    url = f"{home}/members/{joint.member.pk}"
    assert "Turn off two-step sign-in" in client.get(f"{url}/").content.decode()
    assert client.post(f"{url}/second-step/").status_code == 302
    assert not is_on(joint.member.user)
    assert "Turned off two-step sign-in of a member" in client.get(f"{home}/history/").content.decode()
    assert client.post(f"{home}/members/{make_joint().member.pk}/second-step/").status_code == 404
