"""Who may enter what: strangers log in first, and what is not theirs does not exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from tests import factories
from tradepost.market.web import access

pytestmark = pytest.mark.django_db


def asked(user: Any) -> HttpRequest:
    request = RequestFactory().get("/here/?a=1")
    request.user = user
    request.session = SessionStore()
    return request


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(getattr(request, "seller", "")))


@pytest.mark.parametrize("wall", [access.buyer_required, access.seller_required, access.operator_required])
def test_a_stranger_is_asked_to_log_in_and_comes_back(wall: Any) -> None:
    answer = wall(view)(asked(AnonymousUser()))
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/here/%3Fa%3D1")


def test_a_buyer_finds_neither_seller_center_nor_console() -> None:
    buyer = factories.make_buyer()
    assert access.buyer_required(view)(asked(buyer)).status_code == 200
    for wall in (access.seller_required, access.operator_required):
        with pytest.raises(Http404):
            wall(view)(asked(buyer))


def test_an_operator_is_let_in() -> None:
    assert access.operator_required(view)(asked(factories.make_operator())).status_code == 200


def test_a_member_acts_for_the_own_seller_and_may_choose_among_several() -> None:
    member = factories.make_buyer()
    first, second = factories.make_seller(member=member), factories.make_seller(member=member)
    foreign = factories.make_seller()
    request = asked(member)
    assert access.seller_required(view)(request).content.decode() == first.name  # type: ignore[attr-defined]
    access.choose_seller(request, second.pk)
    assert access.seller_required(view)(request).content.decode() == second.name  # type: ignore[attr-defined]
    with pytest.raises(Http404):
        access.choose_seller(request, foreign.pk)
    request.session[access.SESSION_SELLER] = foreign.pk
    assert access.seller_required(view)(request).content.decode() == first.name  # type: ignore[attr-defined]
    assert access.seller_of(request) == first
