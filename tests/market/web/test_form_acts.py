"""Responses of a page with a form (house rules, *Page kit*: "an invalid form answers 422 everywhere")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from tests.factories import make_buyer
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.models import User
from tradepost.market.web.pages import ask, require_choice, submitted_data

pytestmark = pytest.mark.django_db


class NameForm(forms.Form):
    name = forms.CharField(max_length=5)


def request_of(method: str, **data: str) -> HttpRequest:
    request: Any = RequestFactory().generic(method, "/") if method == "GET" else RequestFactory().post("/", data)
    request._messages = CookieStorage(request)
    return request


def submit(request: HttpRequest, verb: Callable[[], object], **more: Any) -> tuple[HttpResponse, NameForm, list[str]]:
    form = NameForm(submitted_data(request))
    page = lambda: HttpResponse(str(form["name"]))  # noqa: E731  # page of this test
    options: dict[str, Any] = {"page": page, "done": "Saved.", "back": "/done/"} | more
    answer = ask(request, form, verb, **options)
    return answer, form, [str(message) for message in messages.get_messages(request)]


def refuses(status: int = 409, field: str = "name") -> Callable[[], object]:
    def verb() -> object:
        make_buyer()
        raise Refused("name.taken", "This name is taken.", status, field=field)

    return verb


def fail_if_called() -> object:
    pytest.fail("a form that was not sent, or is invalid, does nothing")


def test_get_shows_an_empty_form() -> None:
    answer, form, messages = submit(request_of("GET"), fail_if_called)
    assert (answer.status_code, form.is_bound, messages) == (200, False, [])


@pytest.mark.parametrize("data", [{}, {"name": ""}, {"name": "much too long"}])
def test_invalid_form_is_shown_again(data: dict[str, str]) -> None:
    """Also a form without any input, which Django would treat as not submitted."""
    answer, form, messages = submit(request_of("POST", **data), fail_if_called)
    assert (list(form.errors), messages) == (["name"], [])
    assert data.get("name", "") in answer.text


@pytest.mark.parametrize(("status", "shown"), [(400, 422), (409, 422), (422, 422), (403, 403), (429, 429)])
def test_refused_form_keeps_its_input_and_changes_nothing(status: int, shown: int) -> None:
    before = User.objects.count()
    answer, form, messages = submit(request_of("POST", name="Li"), refuses(status))
    assert (answer.status_code, list(form.errors["name"]), messages) == (shown, ["This name is taken."], [])
    assert 'value="Li"' in answer.text
    assert User.objects.count() == before, "what the verb wrote before it refused is rolled back"


def test_verb_may_use_other_field_names() -> None:
    _answer, form, _said = submit(request_of("POST", name="Li"), refuses(field="title"), fields={"title": "name"})
    assert list(form.errors) == ["name"]


def test_accepted_form_redirects() -> None:
    answer, _form, messages = submit(request_of("POST", name="Li"), lambda: 7)
    assert (answer.status_code, answer["Location"], messages) == (302, "/done/", ["Saved."])
    answer, _form, messages = submit(
        request_of("POST", name="Li"), lambda: 7, done="", back=lambda result: HttpResponse(str(result))
    )
    assert (answer.text, messages) == ("7", [])


def test_concurrent_change_by_another_person_is_refused() -> None:
    def verb() -> object:
        raise IllegalTransition("demand", "answered", "answer")

    answer, _form, messages = submit(request_of("POST", name="Li"), verb, late="It is answered already.")
    assert (answer.status_code, messages) == (302, ["It is answered already."])
    answer, form, messages = submit(request_of("POST", name="Li"), verb)
    assert (answer.status_code, bool(form.errors), messages) == (422, True, [])


def test_choice_that_no_longer_exists_is_refused() -> None:
    assert require_choice("a") == "a"
    with pytest.raises(Refused) as refused:
        require_choice(None)
    assert refused.value.status == 422


def test_pages_of_allauth_answer_422_too(client: Client) -> None:
    for address in ("/account/login/", "/account/signup/", "/account/password/reset/"):
        assert client.get(address).status_code == 200
        for data in ({}, {"login": "nobody", "email": "no address", "password": "", "password1": ""}):
            assert client.post(address, data).status_code == 422, address


def test_invalid_email_of_an_account_is_shown_again(client: Client) -> None:
    client.force_login(make_buyer())
    answer = client.post("/account/email/", {"action_add": "", "email": "no address"})
    assert (answer.status_code, 'value="no address"' in answer.text) == (422, True)
