"""Codes, refresh tokens, tickets and wrong passwords many at a time, each on a connection of its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.signing_in import make_joint
from tests.market.at_once import at_once
from tests.market.auth_centre.browsing import authorize, code_of, location, redeem, refresh, sign_in, tokens, userinfo
from tradepost.market.auth_centre.models import AccessToken, Grant, SignInFailure

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 4


def test_a_code_that_is_redeemed_many_times_at_once_gives_nothing_in_the_end() -> None:
    """RFC 9700 §2.1.1: one is first, the next is a replay, which takes back what the first got."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    answers: list[Any] = []
    assert at_once([lambda: answers.append(redeem(joint, code))] * MANY) == ["done"] * MANY
    given = [one.json()["access_token"] for one in answers if one.status_code == 200]
    assert len(given) == 1
    assert (Grant.objects.get().why, AccessToken.objects.count()) == (Grant.Why.CODE_REPLAYED, 1)
    assert userinfo(joint, given[0]).status_code == 401


def test_a_refresh_token_that_is_used_many_times_at_once_ends_its_family() -> None:
    """RFC 9700 §4.14.2."""
    joint = make_joint()
    held = tokens(joint)["refresh_token"]
    answers: list[Any] = []
    assert at_once([lambda: answers.append(refresh(joint, held))] * MANY) == ["done"] * MANY
    given = [one.json() for one in answers if one.status_code == 200]
    assert len(given) == 1
    assert Grant.objects.get().why == Grant.Why.TOKEN_REPLAYED
    assert refresh(joint, given[0]["refresh_token"]).status_code == 400


def test_a_ticket_that_is_validated_many_times_at_once_is_good_once() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    [ticket] = location(browser.get(f"{joint.home}cas/login", {"service": joint.client.callback}))[1].values()
    query = {"service": joint.client.callback, "ticket": ticket}
    answers: list[Any] = []
    ask = lambda: answers.append(Browser().get(f"{joint.home}api/v1/cas/p3/serviceValidate", query).json())  # noqa: E731
    assert at_once([ask] * MANY) == ["done"] * MANY
    good = [one for one in answers if "authenticationSuccess" in one["serviceResponse"]]
    assert len(good) == 1


def test_wrong_passwords_many_at_a_time_are_all_counted() -> None:
    joint = make_joint()
    statuses: list[int] = []
    form = {"name": "zhang01", "password": "wrong"}
    ask = lambda: statuses.append(Browser().post(f"{joint.home}sign-in/", form).status_code)  # noqa: E731
    assert at_once([ask] * 8) == ["done"] * 8
    assert (statuses.count(422), statuses.count(429)) == (5, 3)
    assert SignInFailure.objects.get().failures == 5
