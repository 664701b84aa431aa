"""An operator retries failed synchronisation of a seller, and has all data sent again (issue 25, 18)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.factories.joint import make_binding
from tests.market.applications.told import stop, tell_all, tell_next
from tests.market.engine import REFUSED_CONNECTION, react
from tradepost.market.applications.models import TenantBinding
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


@pytest.mark.slow
def test_failed_calls_of_one_seller_are_retried_and_recorded(console: Client) -> None:
    binding, other = make_binding(), make_binding()
    stop(binding, result=REFUSED_CONNECTION)
    stop(other, result=REFUSED_CONNECTION)
    seller = binding.application.seller_id
    assert "Retry all" not in console.get("/console/bindings/").text, "of no seller in particular"
    page = console.get(f"/console/bindings/?seller={seller}").text
    assert "Retry all" in page
    assert "Automatic retries have ended." in page
    console.post(f"/console/bindings/seller/{seller}/retry/")
    react(now=clock.now())
    tell_all(binding)
    assert TenantBinding.objects.get(pk=binding.pk).status == "bound"
    assert TenantBinding.objects.get(pk=other.pk).status == "stopped"
    assert Entry.objects.get().act == "bindings_retry"
    assert console.post("/console/bindings/seller/0/retry/").status_code == 404


@pytest.mark.slow
def test_all_data_is_sent_again_after_a_confirmation_page(console: Client) -> None:
    binding = make_binding()
    tell_all(binding)
    at = f"/console/bindings/{binding.pk}/"
    assert f"{at}send-again/" in console.get(at).text
    assert "restored from a backup" in console.get(f"{at}send-again/").text
    assert tell_next(binding) is None
    console.post(f"{at}send-again/")
    assert len(tell_all(binding)) == 3
    assert Entry.objects.get().act == "binding_send_again"
