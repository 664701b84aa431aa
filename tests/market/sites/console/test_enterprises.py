"""An operator finds an enterprise that lost its administrators, and appoints one (issue 25, 11)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.factories.organisations import make_admin, make_managed
from tradepost.market.audit.models import Entry
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def console() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def test_one_that_lost_them_all_gets_an_administrator(console: Client) -> None:
    admin, well = make_admin(name="Lost Ltd"), make_admin(name="Well Ltd")
    make_managed(admin, "han")
    at = f"/console/enterprises/{admin.enterprise_id}/"
    assert "Lost Ltd" in console.get("/console/enterprises/").text
    assert "/console/enterprises/" in console.get("/console/").text
    assert "Appoint the administrator" not in console.get(at).text
    User.objects.filter(pk=admin.user_id).update(is_active=False)
    without = console.get("/console/enterprises/?show=without").text
    assert "Lost Ltd" in without
    assert "Well Ltd" not in without
    assert "Well Ltd" in console.get(f"/console/enterprises/?q={well.enterprise.code}").text
    page = console.get(at).text
    assert "Cannot sign in" in page
    assert "Appoint the administrator" in page
    refused = console.post(f"{at}appoint/", {"person": "nobody", "reason": "Letter"})
    assert refused.status_code == 422
    assert "No member has this account name" in refused.text
    assert console.post(f"{at}appoint/", {"person": "han", "reason": ""}).status_code == 422
    assert not Member.objects.filter(user_name="han", role="admin").exists()
    assert set(Entry.objects.values_list("act", "outcome")) == {("enterprise_appoint", "refused")}
    done = console.post(f"{at}appoint/", {"person": "han", "reason": "Letter of the company"})
    assert done.status_code == 302
    assert Member.objects.get(user_name="han").role == "admin"
    entry = Entry.objects.latest("pk")
    assert (entry.act, entry.outcome, entry.object_text) == ("enterprise_appoint", "done", "Lost Ltd")
    assert "Letter of the company" in str(entry.details)
    assert "Appoint the administrator" not in console.get(at).text
    assert console.post(f"{at}appoint/", {"person": "han", "reason": "again"}).status_code == 409


def test_an_account_without_a_password_gets_one_that_is_shown_once(console: Client) -> None:
    admin = make_admin()
    made = make_managed(admin, "han")
    Member.objects.filter(pk=made.member.pk).update(password_at=None)
    User.objects.filter(pk=admin.user_id).update(is_active=False)
    answer = console.post(f"/console/enterprises/{admin.enterprise_id}/appoint/", {"person": "han", "reason": "Letter"})
    user = User.objects.get(pk=made.member.user_id)
    assert any(user.check_password(one) for one in answer.text.split('"') if len(one) == 14)
    assert not any(one in str(Entry.objects.latest("pk").details) for one in answer.text.split('"') if len(one) == 14)


def test_nobody_else_sees_these_pages() -> None:
    admin = make_admin()
    client = Client()
    client.force_login(admin.user)
    for path in ("", f"{admin.enterprise_id}/"):
        assert client.get(f"/console/enterprises/{path}").status_code == 404
    assert client.post(f"/console/enterprises/{admin.enterprise_id}/appoint/", {}).status_code == 404
