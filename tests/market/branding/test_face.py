"""The branding that a process caches: pages read it without a query, and a change is visible at once."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_operator
from tests.factories.branding import rename_market
from tradepost.market.branding import face
from tradepost.market.branding.models import Branding


@pytest.mark.django_db(transaction=True)
def test_cached_branding_is_used_and_a_change_is_visible_at_once() -> None:
    face.forget()
    assert face.last_known() is None
    client = Client(headers={"accept-language": "en"})
    assert "Tradepost" in client.get("/contact/").content.decode()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            client.get("/contact/")
    assert [query["sql"] for query in queries if "branding" in query["sql"]] == []
    rename_market(make_operator())
    assert "Cloud Bazaar" in client.get("/contact/").content.decode()
    cached = face.last_known()
    assert cached is not None
    assert cached.values.name_en == "Cloud Bazaar"


@pytest.mark.django_db(transaction=True)
def test_change_of_another_process_is_visible_after_the_cache_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rename_market(make_operator())
    assert face.current().values.name_en == "Cloud Bazaar"
    Branding.objects.update(name_en="Other Bazaar")
    assert face.current().values.name_en == "Cloud Bazaar"
    monkeypatch.setattr(face, "CACHE_SECONDS", -1.0)
    assert face.current().values.name_en == "Other Bazaar"


@pytest.mark.django_db(transaction=True)
def test_rolled_back_change_is_not_cached() -> None:
    operator = make_operator()
    face.forget()
    with transaction.atomic():
        rename_market(operator)
        assert face.current().values.name_en == "Cloud Bazaar"
        transaction.set_rollback(True)
    assert face.current().values.name_en == ""
