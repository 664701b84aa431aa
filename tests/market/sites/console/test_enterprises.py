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


def test_enterprise_without_administrators_gets_one(console: Client) -> None:
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
    response = console.post(f"{at}appoint/", {"person": "han", "reason": "Letter of the company"})
    assert response.status_code == 302
    assert Member.objects.get(user_name="han").role == "admin"
    entry = Entry.objects.latest("pk")
    assert (entry.act, entry.outcome, entry.object_text) == ("enterprise_appoint", "done", "Lost Ltd")
    assert "Letter of the company" in str(entry.details)
    assert "Appoint the administrator" not in console.get(at).text
    assert console.post(f"{at}appoint/", {"person": "han", "reason": "again"}).status_code == 422


def test_account_without_a_password_gets_one_that_is_shown_once(console: Client) -> None:
    admin = make_admin()
    member = make_managed(admin, "han")
    Member.objects.filter(pk=member.member.pk).update(password_at=None)
    User.objects.filter(pk=admin.user_id).update(is_active=False)
    answer = console.post(f"/console/enterprises/{admin.enterprise_id}/appoint/", {"person": "han", "reason": "Letter"})
    user = User.objects.get(pk=member.member.user_id)
    assert any(user.check_password(part) for part in answer.text.split('"') if len(part) == 14)
    assert not any(
        part in str(Entry.objects.latest("pk").details) for part in answer.text.split('"') if len(part) == 14
    )


def test_member_is_selected_by_name_with_and_without_a_script(console: Client) -> None:
    """Issue 27, 10: people are chosen from a list, not typed."""
    admin, other = make_admin(name="Lost Ltd"), make_admin()
    han, stranger = make_managed(admin, "han").member, make_managed(other, "hanna").member
    make_managed(admin, "li")
    User.objects.filter(pk=admin.user_id).update(is_active=False)
    at = f"/console/enterprises/{admin.enterprise_id}/"
    url = f"{at}people/?field=member"
    assert f'hx-get="{url}"' in console.get(at).text
    results_text = console.get(f"{url}&find-member=han").text
    assert f'value="{han.pk}"' in results_text
    assert f'value="{stranger.pk}"' not in results_text, "a member of another enterprise"
    selected_text = console.get(f"{url}&find-member=li&member={han.pk}").text
    assert "checked" in selected_text[selected_text.index(f'value="{han.pk}"') :][:120], "what was chosen stays"
    assert console.get(f"{at}people/?field=%3Cx%3E").status_code == 400
    searched = console.post(f"{at}appoint/", {"search": "member", "find-member": "han", "reason": "Letter"})
    assert searched.status_code == 200
    assert f'value="{han.pk}"' in searched.text
    assert "Letter" in searched.text, "what was typed stays"
    typed = {"member": str(han.pk), "reason": "Letter"}
    for wrong in (
        {**typed, "person": "li"},
        {"reason": "Letter"},
        {**typed, "member": str(stranger.pk)},
        {**typed, "reason": ""},
    ):
        assert console.post(f"{at}appoint/", wrong).status_code == 422, wrong
        assert Member.objects.get(pk=han.pk).role != "admin"
    assert not Member.objects.filter(enterprise=admin.enterprise, role="admin").exclude(pk=admin.pk).exists()
    assert console.post(f"{at}appoint/", typed).status_code == 302
    assert Member.objects.get(pk=han.pk).role == "admin"
    client = Client()
    client.force_login(admin.user)
    assert client.get(url).status_code in {302, 404}


def test_pages_are_only_for_operators() -> None:
    admin = make_admin()
    client = Client()
    client.force_login(admin.user)
    for path in ("", f"{admin.enterprise_id}/"):
        assert client.get(f"/console/enterprises/{path}").status_code == 404
    assert client.post(f"/console/enterprises/{admin.enterprise_id}/appoint/", {}).status_code == 404
