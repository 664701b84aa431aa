"""Simultaneous uses of codes, refresh tokens, tickets and wrong passwords, each on its own database connection."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories.signing_in import make_joint
from tests.market.at_once import at_once
from tests.market.auth_centre.browsing import authorize, code_of, location, redeem, refresh, sign_in, tokens, userinfo
from tradepost.market.auth_centre.models import AccessToken, Grant
from tradepost.market.identity.models import Throttle

pytestmark = pytest.mark.django_db(transaction=True)

ATTEMPTS = 4


def test_code_redeemed_many_times_at_once_gives_no_valid_token() -> None:
    """RFC 9700 §2.1.1: the second use is a replay, which revokes the tokens of the first."""
    joint = make_joint()
    code = code_of(authorize(sign_in(joint), joint))
    answers: list[Any] = []
    assert at_once([lambda: answers.append(redeem(joint, code))] * ATTEMPTS) == ["done"] * ATTEMPTS
    access_tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    assert len(access_tokens) == 1
    assert (Grant.objects.get().why, AccessToken.objects.count()) == (Grant.Why.CODE_REPLAYED, 1)
    assert userinfo(joint, access_tokens[0]).status_code == 401


def test_refresh_token_used_many_times_at_once_ends_its_family() -> None:
    """RFC 9700 §4.14.2."""
    joint = make_joint()
    refresh_token = tokens(joint)["refresh_token"]
    answers: list[Any] = []
    assert at_once([lambda: answers.append(refresh(joint, refresh_token))] * ATTEMPTS) == ["done"] * ATTEMPTS
    token_responses = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(token_responses) == 1
    assert Grant.objects.get().why == Grant.Why.TOKEN_REPLAYED
    assert refresh(joint, token_responses[0]["refresh_token"]).status_code == 400


def test_ticket_validated_many_times_at_once_succeeds_once() -> None:
    joint = make_joint()
    browser = sign_in(joint)
    [ticket] = location(browser.get(f"{joint.home}cas/login", {"service": joint.client.callback}))[1].values()
    query = {"service": joint.client.callback, "ticket": ticket}
    answers: list[Any] = []
    ask = lambda: answers.append(Browser().get(f"{joint.home}api/v1/cas/p3/serviceValidate", query).json())  # noqa: E731
    assert at_once([ask] * ATTEMPTS) == ["done"] * ATTEMPTS
    successes = [answer for answer in answers if "authenticationSuccess" in answer["serviceResponse"]]
    assert len(successes) == 1


def test_simultaneous_wrong_passwords_are_all_counted() -> None:
    joint = make_joint()
    statuses: list[int] = []
    form = {"name": "zhang01", "password": "wrong"}
    ask = lambda: statuses.append(Browser().post(f"{joint.home}sign-in/", form).status_code)  # noqa: E731
    assert at_once([ask] * 8) == ["done"] * 8
    assert (statuses.count(422), statuses.count(429)) == (5, 3)
    counts = sorted(Throttle.objects.values_list("number", flat=True))
    assert counts == [5, 5, 5, 8, 8], (
        "failures by name, by name from new origins, at the enterprise; forms sent in total and by this client"
    )
