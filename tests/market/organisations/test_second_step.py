"""An enterprise asks its people for a second step, and takes it off for one who lost the telephone (business-rules §11.2)."""

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


def acts() -> list[str]:
    return [one.act for one in EnterpriseAct.objects.filter(act__startswith="second_step").order_by("pk")]


def reset(joint: Joint, member: Member, by: Member | None = None) -> None:
    with translation.override("en"):
        second_step.reset(member, by=by or joint.admin, now=NOW, wall=clock.wall())


def test_asking_and_leaving_it_are_in_the_history_and_twice_is_once(joint: Joint) -> None:
    for wanted in (True, True, False, False):
        second_step.ask_of_all(joint.enterprise, wanted=wanted, by=joint.admin, now=NOW)
        assert Enterprise.objects.get(pk=joint.enterprise.pk).second_step_required is wanted
    assert acts() == ["second_step_required", "second_step_optional"]


def test_only_an_administrator_asks(joint: Joint) -> None:
    with pytest.raises(Refused):
        second_step.ask_of_all(joint.enterprise, wanted=True, by=joint.member, now=NOW)
    assert acts() == []


def test_it_is_taken_off_for_an_account_of_the_enterprise(joint: Joint) -> None:
    turn_on(joint.member.user)
    reset(joint, joint.member)
    assert not is_on(joint.member.user)
    assert acts() == ["second_step_reset"]
    with pytest.raises(Refused, match="nothing was changed"):
        reset(joint, joint.member)
    assert acts() == ["second_step_reset"]


def test_it_is_not_taken_off_for_a_persons_own_account(joint: Joint) -> None:
    """They could be somebody else's purchases."""
    turn_on(joint.admin.user)
    with pytest.raises(Refused, match="person's own"):
        reset(joint, joint.admin)
    assert is_on(joint.admin.user)
    assert acts() == []
    assert Event.objects.filter(name="sign_in_changed").count() == 1


def test_by_the_pages_of_an_administrator(joint: Joint) -> None:
    home, client = f"/enterprise/{joint.enterprise.code}", Client(headers={"accept-language": "en"})
    client.force_login(joint.admin.user)
    page = client.post(f"{home}/settings/second-step/", {"wanted": "yes"}, follow=True)
    assert "From their next sign-in on" in page.content.decode()
    assert "Leave it to each member" in page.content.decode()
    turn_on(joint.member.user)
    url = f"{home}/members/{joint.member.pk}"
    assert "Turn the second step off" in client.get(f"{url}/").content.decode()
    assert client.post(f"{url}/second-step/").status_code == 302
    assert not is_on(joint.member.user)
    assert "Turned two-step sign-in of a member off" in client.get(f"{home}/history/").content.decode()
    assert client.post(f"{home}/members/{make_joint().member.pk}/second-step/").status_code == 404
