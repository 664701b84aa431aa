"""Notices about changes of a person's sign-in and wrong codes (business-rules §7.2)."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_buyer
from tradepost.market.base import clock
from tradepost.market.identity.events import SecondStepGuessed, SignInChanged
from tradepost.market.notifications import sign_in_reactions
from tradepost.market.notifications.models import Notice, NoticeDelivery

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("what", ["on", "off", "reset", "codes"])
def test_change_of_sign_in_is_mailed_once(what: str) -> None:
    """business-rules §7.2: changes of an account cannot be switched off."""
    user = make_buyer(balance="0")
    event = SignInChanged(user=user.pk, what=what, at=clock.wall())
    for _ in range(2):
        sign_in_reactions.on_sign_in_changed(event, NOW)
    assert Notice.objects.get(user=user).kind == f"second_step_{what}"
    assert NoticeDelivery.objects.filter(notice__user=user, channel="mail").count() == 1


def test_wrong_codes_are_notified_once() -> None:
    user = make_buyer(balance="0")
    event = SecondStepGuessed(user=user.pk, at=clock.wall())
    for _ in range(2):
        sign_in_reactions.on_second_step_guessed(event, NOW)
    assert Notice.objects.get(user=user).kind == "second_step_guessed"
