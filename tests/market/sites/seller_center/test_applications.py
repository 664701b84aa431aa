"""A seller applies for a credential: the secret is shown once, and refusals are shown beside their fields
(openapi-jointkit §B.1)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_buyer, make_seller
from tests.factories.joint import make_application, make_binding, make_joint_service, make_kit_address, public_pem
from tests.market.applications.told import tell_all, tell_next
from tests.market.engine import REFUSED_CONNECTION, react
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.base import clock
from tradepost.market.base.secrets import fingerprints
from tradepost.market.organisations.models import Member

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_application_is_submitted_tried_out_and_changed() -> None:
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    assert "Production addresses" in client.get("/seller/applications/").text
    address = make_kit_address(seller)
    typed = {
        "name": "Qingxie", "mode": "oauth2", "address": str(address.pk), "public_key": "no key", "login_kind": "shared",
        "login_url": "http://127.0.0.1:9/login", "callback": "http://127.0.0.1:9/callback", "asked_fields": ["mobile"],
    }  # fmt: skip
    refused = client.post("/seller/applications/new/", typed)
    assert (refused.status_code, Application.objects.count()) == (422, 0)
    assert "3072 bits or more" in refused.text
    response = client.post("/seller/applications/new/", typed | {"public_key": public_pem()})
    application = Application.objects.get()
    [secret] = [
        part
        for part in response.text.split('"')
        if fingerprints("application secret", part)[0] == application.secret_hash
    ][:1]
    at = f"/seller/applications/{application.pk}/"
    assert secret not in client.get(at).text
    page = client.get(at).text
    assert "/orgid/openapi/v1/oauth2/token" in page
    repeated = client.post(f"{at}secret/")
    assert Application.objects.get().secret_hash != application.secret_hash
    assert any(
        fingerprints("application secret", part)[0] == Application.objects.get().secret_hash
        for part in repeated.text.split('"')
    )
    binding = TenantBinding.objects.get()
    tell_next(binding, result=REFUSED_CONNECTION)
    assert client.post(f"{at}account/").status_code == 422
    assert "Next attempt:" in client.get(at).text
    assert "Retry now" in client.get(at).text
    client.post(f"{at}restart/")
    tell_all(binding)
    account = client.post(f"{at}account/")
    tester = Member.objects.select_related("user").get()
    assert any(tester.user.check_password(part) for part in account.text.split('"') if len(part) == 14)
    changed = typed | {"public_key": public_pem(), "name": "Renamed", "asked_fields": []}
    assert client.post(f"{at}change/", changed).status_code == 302
    assert (Application.objects.get().name, Application.objects.get().asked_fields) == ("Renamed", [])


@pytest.mark.slow
def test_seller_retries_all_calls_and_has_all_data_sent_again() -> None:
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    application = make_application(seller, multi_instance=True)
    first, second = (make_binding(make_joint_service(application=application)) for _ in range(2))
    foreign = make_binding()
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    assert "Retry all" not in client.get("/seller/applications/").text
    tell_next(first, result=REFUSED_CONNECTION)
    tell_next(foreign, result=REFUSED_CONNECTION)
    at = f"/seller/applications/{application.pk}/"
    assert "Next attempt:" in client.get(at).text
    assert "Retry all" in client.get("/seller/applications/").text
    client.post("/seller/applications/retry/")
    react(now=clock.now())
    tell_all(first)
    tell_all(second)
    assert TenantBinding.objects.get(pk=foreign.pk).status == "binding"
    confirm = f"{at}send-again/"
    assert confirm in client.get(at).text
    assert "moved, lost data" in client.get(confirm).text
    assert f"{confirm}?binding={first.pk}" in client.get(at).text
    assert first.enterprise.name in client.get(f"{confirm}?binding={first.pk}").text
    client.post(confirm, {"binding": first.pk})
    react(now=clock.now())
    assert len(tell_all(first)) == 3
    assert tell_all(second) == []
    client.post(confirm)
    react(now=clock.now())
    assert len(tell_all(second)) == 3
    assert client.post(confirm, {"binding": foreign.pk}).status_code == 404
    assert client.get(f"/seller/applications/{foreign.application_id}/send-again/").status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_sdk_integration_gets_an_id_and_a_secret_shown_once_and_rotated(language: str) -> None:
    """§B.1: "Submit → application ID and secret are issued", in both modes; §B.10: "a credential without callback"."""
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    client = Client(headers={"accept-language": language})
    client.force_login(owner)
    typed = {
        "name": "Qingxie", "mode": "sdk", "address": str(make_kit_address(seller).pk), "public_key": public_pem(),
        "login_kind": "shared", "login_url": "http://127.0.0.1:9/login",
    }  # fmt: skip
    issued = client.post("/seller/applications/new/", typed)
    application = Application.objects.get()
    first = shown_secret(issued.text, application)
    assert application.app_id in issued.text
    at = f"/seller/applications/{application.pk}/"
    page = client.get(at).text
    assert first not in page, "shown once"
    assert (f"{at}secret/" in page, "/orgid/" in page) == (True, False), "no endpoint takes an SDK's secret"
    rotated = client.post(f"{at}secret/")
    application.refresh_from_db()
    second = shown_secret(rotated.text, application)
    assert second != first
    assert not {first, second} & set(client.get(at).text.split('"'))


def test_secret_of_another_seller_cannot_be_rotated() -> None:
    application = make_application(make_seller(), mode="sdk", callback="")
    owner = make_buyer(balance="0")
    make_seller(member=owner)
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    assert client.post(f"/seller/applications/{application.pk}/secret/").status_code == 404
    assert Application.objects.get().secret_hash == application.secret_hash


def shown_secret(page: str, application: Application) -> str:
    """Return the secret shown on this page. Fails for a page without one."""
    hashed = {fingerprints("application secret", part)[0]: part for part in page.split('"')}
    return hashed[application.secret_hash]
