"""A seller applies for a credential on its pages: the secret shows once, refusals stand beside their fields (openapi-jointkit §B.1)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_buyer, make_seller
from tests.factories.joint import make_application, make_kit_address, public_pem
from tests.market.applications.told import tell_all, tell_next
from tests.market.engine import REFUSED_CONNECTION
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.base.secrets import fingerprints
from tradepost.market.organisations.models import Member

pytestmark = pytest.mark.django_db


def test_apply_try_out_and_change() -> None:
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
    made = client.post("/seller/applications/new/", typed | {"public_key": public_pem()})
    application = Application.objects.get()
    [secret] = [
        one for one in made.text.split('"') if fingerprints("application secret", one)[0] == application.secret_hash
    ][:1]
    at = f"/seller/applications/{application.pk}/"
    assert secret not in client.get(at).text
    page = client.get(at).text
    assert "/orgid/openapi/v1/oauth2/token" in page
    again = client.post(f"{at}secret/")
    assert Application.objects.get().secret_hash != application.secret_hash
    assert any(
        fingerprints("application secret", one)[0] == Application.objects.get().secret_hash
        for one in again.text.split('"')
    )
    binding = TenantBinding.objects.get()
    tell_next(binding, result=REFUSED_CONNECTION)
    assert client.post(f"{at}account/").status_code == 409
    assert "Tell my server again" in client.get(at).text
    client.post(f"{at}restart/")
    tell_all(binding)
    account = client.post(f"{at}account/")
    tester = Member.objects.select_related("user").get()
    assert any(tester.user.check_password(one) for one in account.text.split('"') if len(one) == 14)
    changed = typed | {"public_key": public_pem(), "name": "Renamed", "asked_fields": []}
    assert client.post(f"{at}change/", changed).status_code == 302
    assert (Application.objects.get().name, Application.objects.get().asked_fields) == ("Renamed", [])


def test_an_application_of_the_sdk_has_no_secret_to_show(db: None) -> None:
    """§B.10: no protocol of it is known in which a secret is used."""
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    made = make_application(seller, mode="sdk", callback="")
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    assert "/orgid/" not in client.get(f"/seller/applications/{made.pk}/").text
    assert client.post(f"/seller/applications/{made.pk}/secret/").status_code == 404
    assert Application.objects.get().secret_hash == made.secret_hash
