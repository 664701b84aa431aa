"""People and departments are chosen from lists, with and without a script; people are moved together; departments are
authorised."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_buyer
from tests.factories.joint import make_application, make_joint_service, make_people
from tests.factories.organisations import head_office, make_admin, make_department, make_managed
from tests.market.applications.told import tell_all
from tests.market.plans import plan
from tradepost.market.applications.models import Authorisation, BoundDepartment, TenantBinding
from tradepost.market.base.prefix import begins_with
from tradepost.market.organisations import groups, picking, queries
from tradepost.market.organisations.models import EnterpriseAct, GroupMember, Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Member:
    return make_admin(code="lantian")


@pytest.fixture
def client(admin: Member) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    return client


def url_of(name: str, *args: object) -> str:
    return reverse(f"storefront:{name}", args=["lantian", *args])


# --- the lists ----------------------------------------------------------------------------------------------------------


def test_people_with_one_name_are_distinguished_by_account_name_and_department(admin: Member, client: Client) -> None:
    lab = make_department(admin, name="Lab")
    for name, place in (("wei1", head_office(admin.enterprise)), ("wei2", lab)):
        make_managed(admin, name, name="Wang Wei", department=place.pk)
    shown = client.get(
        url_of("enterprise_pick_people"), {"field": "people", "multiple": "1", "find-people": "wang wei"}
    ).text
    assert shown.count("Wang Wei") == 2, "capitals are not typed"
    assert (f"wei1 · {head_office(admin.enterprise).name}" in shown, "wei2 · Lab" in shown) == (True, True)
    assert 'type="checkbox"' in shown


def test_selection_stays_after_another_search(admin: Member, client: Client) -> None:
    anna, bert = (make_managed(admin, name, name=name).member for name in ("anna", "bert"))
    query: dict[str, Any] = {"field": "people", "multiple": "1", "find-people": "bert", "people": [anna.pk]}
    shown = client.get(url_of("enterprise_pick_people"), query).text
    assert f'value="{anna.pk}"' in shown
    assert shown.index(f'value="{anna.pk}"') < shown.index(f'value="{bert.pk}"')
    assert (shown.count("checked"), "1 result" in shown) == (1, True)


def test_people_are_found_by_account_name_email_and_department(admin: Member) -> None:
    member = make_managed(admin, "zhang01", name="张三").member
    enterprise = admin.enterprise

    def found(text: str, **more: int) -> list[int]:
        return [person.key for person in picking.find_people(enterprise, text, **more)]

    assert found("ZHANG0") == found("张") == [member.pk]
    assert found(admin.user.email.upper()) == [admin.pk]
    assert found("nobody") == []
    assert found("", department=make_department(admin).pk) == []
    Member.objects.filter(pk=member.pk).update(removed_at=NOW)
    assert found("zhang") == []


def test_truncated_results_are_announced(admin: Member, client: Client) -> None:
    for number in range(picking.MAX_OPTIONS + 5):
        make_managed(admin, f"clone{number:02}")
    shown = client.get(
        url_of("enterprise_pick_people"), {"field": "people", "multiple": "1", "find-people": "clone"}
    ).text
    assert (shown.count("checkbox"), "There are more." in shown) == (picking.MAX_OPTIONS, True)
    none = client.get(url_of("enterprise_pick_people"), {"field": "people", "find-people": "<b>"}).text
    assert "No results for “&lt;b&gt;”" in none


def test_people_of_another_enterprise_are_neither_found_nor_selected(admin: Member, client: Client) -> None:
    stranger = make_managed(make_admin(), "stranger").member
    query: dict[str, Any] = {"field": "people", "multiple": "1", "find-people": "stranger", "people": [stranger.pk]}
    assert f'value="{stranger.pk}"' not in client.get(url_of("enterprise_pick_people"), query).text
    assert client.get(url_of("enterprise_pick_people"), {"field": "<script>"}).status_code == 400
    plain = Client()
    plain.force_login(make_buyer())
    assert plain.get(url_of("enterprise_pick_people"), {"field": "people"}).status_code == 404


def test_departments_are_found_by_name_code_and_path(admin: Member, client: Client) -> None:
    lab = make_department(admin, name="Lab", code="LAB")
    make_department(admin, name="Optics", code="OPT", parent=lab)
    for text in ("opti", "opt"):
        shown = client.get(url_of("enterprise_pick_departments"), {"field": "department", "find-department": text}).text
        assert ("Optics" in shown, "Lab / OPT" in shown, 'type="radio"' in shown) == (True, True, True)


def test_prefix_search_uses_an_index(admin: Member) -> None:
    """Regardless of the number of people in the enterprise."""
    make_people(admin.enterprise, 2_000, department=admin.department)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE organisations_member")  # with few rows PostgreSQL uses any index
    living = Member.objects.filter(enterprise=admin.enterprise, removed_at=None)
    names = plan(living.filter(begins_with("name", "王")).order_by()[:21])
    accounts = plan(living.filter(begins_with("user_name", "wang")).order_by()[:21])
    assert "enterprise_member_name" in names
    assert "enterprise_member_begins" in accounts or "enterprise_member_user_name" in accounts


# --- without a script ---------------------------------------------------------------------------------------------------


def test_search_button_only_searches(admin: Member, client: Client) -> None:
    anna, bert = (make_managed(admin, name, name=name).member for name in ("anna", "bert"))
    group = groups.add(admin.enterprise, "Testers", by=admin, most=9, now=NOW)
    url = url_of("enterprise_group_add", group.pk)
    response = client.post(url, {"people": [anna.pk], "find-people": "bert", "search": "people"})
    assert (response.status_code, GroupMember.objects.exists()) == (200, False)
    assert (
        f'value="{anna.pk}"' in response.text,
        f'value="{bert.pk}"' in response.text,
        "tp-error" in response.text,
    ) == (
        True,
        True,
        False,
    )
    assert client.post(url, {"people": [anna.pk, bert.pk]}).status_code == 302
    assert GroupMember.objects.filter(group=group).count() == 2
    empty = client.post(url, {})
    assert (empty.status_code, "Choose at least one person." in empty.text) == (422, True)


def test_large_tree_is_searched_and_a_small_one_is_a_list(
    admin: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = make_department(admin, name="Lab", code="LAB")
    assert "<select" in client.get(url_of("enterprise_member_new")).text
    monkeypatch.setattr(queries, "SHOWN_DEPARTMENTS", 1)
    page = client.get(url_of("enterprise_member_new")).text
    assert ("find-department" in page, '<select name="department"' in page) == (True, False)
    typed = {"user_name": "new", "name": "New", "role": "user"}
    response = client.post(url_of("enterprise_member_new"), typed | {"find-department": "lab", "search": "department"})
    assert (response.status_code, 'value="New"' in response.text, f'value="{lab.pk}"' in response.text) == (
        200,
        True,
        True,
    )
    refused = client.post(url_of("enterprise_member_new"), typed)
    assert (refused.status_code, "Choose a department." in refused.text) == (422, True)
    assert client.post(url_of("enterprise_member_new"), typed | {"department": str(lab.pk)}).status_code == 200
    assert Member.objects.get(user_name="new").department == lab
    shown = client.get(url_of("enterprise_department", lab.pk)).text
    assert ("– at the top –" in shown, "find-parent" in shown) == (True, True)
    client.post(url_of("enterprise_department", lab.pk), {"name": "Lab", "parent": ""})
    lab.refresh_from_db()
    assert lab.parent is None


# --- moving -------------------------------------------------------------------------------------------------------------


def test_selected_people_and_everyone_move_to_another_department(admin: Member, client: Client) -> None:
    lab, shop = make_department(admin, name="Lab"), make_department(admin, name="Shop")
    first_member, second_member = (make_managed(admin, name, department=lab.pk).member for name in ("anna", "bert"))
    assert (
        f'value="{first_member.pk}"'
        in client.get(url_of("enterprise_move"), {"people": str(first_member.pk), "of": str(lab.pk)}).text
    )
    answer = client.post(url_of("enterprise_move"), {"people": [first_member.pk], "department": shop.pk}, follow=True)
    assert "1 person was moved." in answer.text
    first_member.refresh_from_db()
    assert (first_member.department, first_member.version) == (shop, 2)
    client.post(url_of("enterprise_move_everyone", lab.pk), {"department": shop.pk})
    second_member.refresh_from_db()
    assert second_member.department == shop
    acts = EnterpriseAct.objects.filter(act="members_moved").order_by("pk")
    assert [(act.about_text, act.note) for act in acts] == [("Shop", "1: anna"), ("Shop", "1: bert")]


def test_no_person_moves_if_one_of_them_cannot(admin: Member, client: Client) -> None:
    lab = make_department(admin)
    member, stranger = make_managed(admin).member, make_managed(make_admin()).member
    refused = client.post(url_of("enterprise_move"), {"people": [member.pk, stranger.pk], "department": lab.pk})
    assert (refused.status_code, "no longer a member" in refused.text) == (422, True)
    foreign = client.post(url_of("enterprise_move"), {"people": [member.pk], "department": stranger.department_id})
    assert foreign.status_code == 422
    member.refresh_from_db()
    assert (member.department, member.version) == (head_office(admin.enterprise), 1)
    assert (
        client.post(url_of("enterprise_move_everyone", stranger.department_id), {"department": lab.pk}).status_code
        == 404
    )


# --- by department, and released fields ---------------------------------------------------------------------------------


@pytest.fixture
def binding() -> TenantBinding:
    service = make_joint_service(application=make_application(asked_fields=["mobile", "email"]))
    admin = make_admin(service.buyer, code="lantian")
    client = Client(headers={"accept-language": "en"})
    client.force_login(service.buyer)
    client.post(f"/enterprise/lantian/applications/bind/{service.pk}/", {"released": ["mobile"]})
    made = TenantBinding.objects.get()
    tell_all(made)
    assert admin.enterprise_id == made.enterprise_id
    return TenantBinding.objects.select_related("subscription__buyer").get()


def binding_page(binding: TenantBinding) -> tuple[Client, str]:
    client = Client(headers={"accept-language": "en"})
    assert binding.subscription is not None
    client.force_login(binding.subscription.buyer)
    return client, f"/enterprise/lantian/applications/{binding.pk}/"


def test_department_is_authorised_changed_and_withdrawn(binding: TenantBinding) -> None:
    client, page = binding_page(binding)
    admin = Member.objects.select_related("enterprise", "user").get(enterprise=binding.enterprise_id)
    lab = make_department(admin, name="Lab")
    inside = make_managed(admin, "inside", name="Inside", department=lab.pk).member
    assert client.post(f"{page}departments/", {}).status_code == 422
    assert client.post(f"{page}departments/", {"department": lab.pk}).status_code == 302
    shown = client.get(page).text
    assert ("this department only" in shown, f"/departments/{lab.pk}/" in shown, "Inside" in shown) == (
        True,
        True,
        True,
    )
    assert f"departments/?department={lab.pk}&amp;below=0" in shown
    client.post(f"{page}departments/", {"department": lab.pk, "below": "on"})
    assert BoundDepartment.objects.get().below
    assert "Authorised a department and its subdepartments" in client.get("/enterprise/lantian/history/").text
    response = client.post(f"{page}withdraw/", {"member": inside.pk}, follow=True)
    assert "The person keeps access through a group or a department" in response.text
    withdrawal = client.post(f"{page}departments/withdraw/", {"department": lab.pk}, follow=True)
    assert "1 person can no longer use the application." in withdrawal.text
    assert not Authorisation.objects.filter(wanted=True).exists()


def test_released_fields_change_after_a_confirmation(binding: TenantBinding) -> None:
    client, page = binding_page(binding)
    assert "fields/" in client.get(page).text
    response = client.post(f"{page}fields/", {"released": ["email"]})
    binding.refresh_from_db()
    assert (response.status_code, binding.released_fields) == (200, ["mobile"])
    assert ("E-mail address" in response.text, "sends them empty" in response.text) == (True, True)
    assert client.post(f"{page}fields/", {"released": ["position"], "confirmed": "yes"}).status_code == 422
    assert client.post(f"{page}fields/", {"released": ["email"], "confirmed": "yes"}).status_code == 302
    binding.refresh_from_db()
    assert (binding.released_fields, binding.withdrawn_fields) == (["email"], ["mobile"])
    assert "released: E-mail address; withdrawn: Mobile number" in client.get(page).text
    confirmed = client.post(f"{page}fields/", {"released": ["email"], "confirmed": "yes"}, follow=True)
    assert "There were no changes to save." in confirmed.text
