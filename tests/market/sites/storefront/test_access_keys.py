"""The page of a buyer's access keys: created, shown once, disabled, enabled, deleted; keys of others do not exist."""

from __future__ import annotations

import re

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.test import Client

from tests import factories
from tests.factories import second_step
from tests.factories.people import PASSWORD
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.buyer_key_models import BuyerKey
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db
PAGE = "/access-keys/"
NEW = {"name": "ERP", "rights": ["read", "order"], "days": "90", "password": PASSWORD}


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="0")
    client.force_login(buyer)
    return buyer


def words(client: Client, status: int = 200) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode())


def test_key_is_created_and_its_secret_shown_once(client: Client, buyer: User) -> None:
    assert "No access keys yet" in words(client)
    response = client.post(PAGE, NEW)
    key = BuyerKey.objects.get(user=buyer)
    page = response.content.decode()
    assert (response.status_code, key.rights) == (200, ["read", "order"])
    assert "no-store" in response["Cache-Control"]
    assert key.access_key in page
    secret = unseal(key.sealed)
    assert secret in page
    later = words(client)
    assert key.access_key in later
    assert secret not in later


def test_repeated_form_creates_nothing(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    response = client.post(PAGE, NEW)
    assert (response.status_code, BuyerKey.objects.filter(user=buyer).count()) == (422, 1)
    assert "You already have a key with this name." in response.content.decode()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"rights": []}, {"rights": ["all"]}, {"days": "1"}, {"name": "x" * 65}]
)
def test_invalid_form_creates_nothing(client: Client, buyer: User, wrong: dict) -> None:
    answer = client.post(PAGE, NEW | wrong)
    assert (answer.status_code, BuyerKey.objects.filter(user=buyer).count()) == (422, 0)
    assert "tp-error" in answer.content.decode()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_key_needs_the_password(client: Client, buyer: User, password: str) -> None:
    """A key pays, unsubscribes and reads passwords: an open browser is not enough to create one."""
    answer = client.post(PAGE, NEW | {"password": password})
    assert (answer.status_code, BuyerKey.objects.filter(user=buyer).count()) == (422, 0)
    assert 'value="ERP"' in answer.content.decode(), "the input is kept"


def test_key_needs_a_code_if_two_step_sign_in_is_on(client: Client, buyer: User) -> None:
    app = second_step.turn_on(buyer)
    client.force_login(buyer)  # turning it on ends the sessions
    for code in ("", "000000"):
        assert client.post(PAGE, NEW | {"code": code}).status_code == 422
    assert not BuyerKey.objects.exists()
    assert client.post(PAGE, NEW | {"code": app.code()}).status_code == 200
    assert BuyerKey.objects.filter(user=buyer).count() == 1


@pytest.mark.parametrize("way", ["change", "reset"])
def test_new_password_disables_the_keys(client: Client, buyer: User, way: str) -> None:
    """Someone who knew the old password may have created them. The owner is notified and can enable them again."""
    client.post(PAGE, NEW)
    client.post(PAGE, NEW | {"name": "BI"})
    client.post(f"{PAGE}{BuyerKey.objects.get(name='BI').pk}/disable/")
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    if way == "change":
        answer = client.post("/account/password/change/", {"oldpassword": PASSWORD} | new, follow=True)
    else:
        client.logout()
        key = f"{user_pk_to_url_str(buyer)}-{default_token_generator.make_token(buyer)}"
        answer = client.post(client.get(f"/account/password/reset/key/{key}/")["Location"], new, follow=True)
    assert answer.status_code == 200
    key_row = BuyerKey.objects.get(name="ERP")
    assert key_row.disabled_at is not None
    changes = Event.objects.filter(name="buyer_key_changed").order_by("-pk").values_list("facts", flat=True)
    assert (changes[0]["name"], changes[0]["change"]) == ("ERP", "disabled")
    buyer.refresh_from_db()
    client.force_login(buyer)
    client.post(f"{PAGE}{key_row.pk}/enable/")
    assert BuyerKey.objects.get(pk=key_row.pk).disabled_at is None


def test_wrong_old_password_leaves_the_keys(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    new = {"password1": "another horse battery", "password2": "another horse battery"}
    client.post("/account/password/change/", {"oldpassword": "wrong"} | new)
    assert BuyerKey.objects.get().disabled_at is None


def test_key_is_disabled_enabled_and_deleted(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    pk = BuyerKey.objects.get(user=buyer).pk
    for act, shown in (("disable", "was disabled."), ("enable", "was enabled."), ("delete", "was deleted.")):
        answer = client.post(f"{PAGE}{pk}/{act}/", follow=True)
        assert shown in answer.content.decode()
    assert not BuyerKey.objects.exists()


def test_expired_key_can_only_be_deleted(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    BuyerKey.objects.update(expires_at=clock.now())
    page = words(client)
    assert "Expired" in page
    pk = BuyerKey.objects.get().pk
    assert f"{PAGE}{pk}/disable/" not in page
    assert f"{PAGE}{pk}/delete/" in page


def test_key_of_another_buyer_is_not_found(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    pk = BuyerKey.objects.get(user=buyer).pk
    client.force_login(factories.make_buyer(balance="0", email="other@buyer.example"))
    for act in ("disable", "enable", "delete"):
        assert client.post(f"{PAGE}{pk}/{act}/").status_code == 404
    assert BuyerKey.objects.get(pk=pk).disabled_at is None
    assert "ERP" not in words(client)


def test_page_links_to_the_api_description(client: Client, buyer: User) -> None:
    [address] = re.findall(r'href="[^"]*?(/api/openapi\.json)"', words(client))
    assert client.get(address).status_code == 200


def test_page_needs_a_sign_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_key_changed_in_another_tab_shows_its_state(client: Client, buyer: User) -> None:
    client.post(PAGE, NEW)
    pk = BuyerKey.objects.get().pk
    for act, offered in (("disable", "enable"), ("enable", "disable")):
        client.post(f"{PAGE}{pk}/{act}/")
        response = client.post(f"{PAGE}{pk}/{act}/", follow=True)
        assert response.redirect_chain[-1][0] == PAGE
        assert "This key was changed in the meantime." in response.content.decode()
        assert f"{PAGE}{pk}/{offered}/" in response.content.decode()
