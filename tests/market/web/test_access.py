"""Access to pages: strangers sign in first, and objects of others do not exist for them."""

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


def make_request(user: Any) -> HttpRequest:
    request = RequestFactory().get("/here/?a=1")
    request.user = user
    request.session = SessionStore()
    return request


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(getattr(request, "seller", "")))


@pytest.mark.parametrize("wall", [access.buyer_required, access.seller_required, access.operator_required])
def test_stranger_signs_in_first_and_returns(wall: Any) -> None:
    answer = wall(view)(make_request(AnonymousUser()))
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/here/%3Fa%3D1")


def test_buyer_cannot_find_seller_center_or_console() -> None:
    buyer = factories.make_buyer()
    assert access.buyer_required(view)(make_request(buyer)).status_code == 200
    for wall in (access.seller_required, access.operator_required):
        with pytest.raises(Http404):
            wall(view)(make_request(buyer))


def test_operator_enters_the_console() -> None:
    assert access.operator_required(view)(make_request(factories.make_operator())).status_code == 200


def test_member_acts_for_their_seller_and_can_choose_among_several() -> None:
    member = factories.make_buyer()
    first, second = factories.make_seller(member=member), factories.make_seller(member=member)
    foreign = factories.make_seller()
    request = make_request(member)
    assert access.seller_required(view)(request).content.decode() == first.name  # type: ignore[attr-defined]
    access.choose_seller(request, second.pk)
    assert access.seller_required(view)(request).content.decode() == second.name  # type: ignore[attr-defined]
    with pytest.raises(Http404):
        access.choose_seller(request, foreign.pk)
    request.session[access.SESSION_SELLER] = foreign.pk
    assert access.seller_required(view)(request).content.decode() == first.name  # type: ignore[attr-defined]
    assert access.seller_of(request) == first
