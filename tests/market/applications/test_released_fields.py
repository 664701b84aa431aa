"""Changes of released fields: the seller gets newly released values, and withdrawn fields empty (openapi-jointkit
§A.7)."""

from __future__ import annotations

import json

import pytest

from tests.factories import NOW, make_buyer
from tests.factories.joint import make_application, make_joint_service, make_people, sync_rules
from tests.factories.organisations import make_admin, make_managed
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import names, tell_all
from tradepost.market.applications import authorise, bind
from tradepost.market.applications.models import Authorisation, TenantBinding
from tradepost.market.applications.release import change_released, difference
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import EnterpriseAct, Member
from tradepost.protocols.sync_bodies import dump_members
from tradepost.protocols.sync_commands import SyncAuth, SyncedUser, SyncFlag

pytestmark = pytest.mark.django_db

RULES = sync_rules()


def bound(released: list[str], view: SellersView) -> tuple[Member, TenantBinding]:
    """Two authorised people: one with all details and one without any."""
    admin = make_admin(make_buyer())
    service = make_joint_service(
        buyer=admin.user, application=make_application(asked_fields=["mobile", "employeeType", "position"])
    )
    binding = bind.bind(service, admin.enterprise, released=released, actor="admin", rules=RULES, now=NOW)
    tell_all(binding, view)
    complete_member = make_people(admin.enterprise, 1, department=admin.department)[0]
    Member.objects.filter(pk=complete_member.pk).update(
        user_name="full", profile={"mobile": "138", "employee_type": 1, "position": "Lab"}
    )
    bare_member = make_managed(admin, "bare").member
    authorise.authorise(binding, [complete_member.pk, bare_member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    return admin, TenantBinding.objects.select_related("enterprise", "application").get(pk=binding.pk)


def wire(command: object) -> list[dict[str, object]]:
    assert isinstance(command, SyncAuth)
    user_list: list[dict[str, object]] = json.loads(json.dumps(dump_members(command, NOW)))["userList"]
    return user_list


def test_withdrawn_field_is_sent_empty_and_released_one_with_its_value() -> None:
    view = SellersView()
    admin, binding = bound(["mobile", "employeeType"], view)
    assert view.people["full"].mobile == "138"
    changed = change_released(binding, ["position"], by=admin, rules=RULES, now=NOW)
    assert (changed.released, changed.withdrawn) == (("position",), ("employeeType", "mobile"))
    commands = tell_all(binding, view)
    assert names(commands) == ["SyncAuth·2·1"], "a person without details is not sent"
    [user] = wire(commands[0])
    assert (user["userName"], user["mobile"], user["position"]) == ("full", "", "Lab")
    assert "employeeType" not in user, "a number has no empty value, so the record omits it"
    assert (view.people["full"].mobile, view.people["full"].employee_type, view.people["full"].position) == (
        "",
        None,
        "Lab",
    )
    act = EnterpriseAct.objects.latest("pk")
    assert (act.act, act.note, act.about) == (
        "fields_changed",
        "+position -employeeType -mobile",
        f"application:{binding.pk}",
    )
    assert Authorisation.objects.filter(binding=binding, wanted=True).count() == 2


def test_field_released_again_has_its_value() -> None:
    view = SellersView()
    admin, binding = bound(["mobile"], view)
    change_released(binding, [], by=admin, rules=RULES, now=NOW)
    tell_all(binding, view)
    assert view.people["full"].mobile == ""
    change_released(binding, ["mobile"], by=admin, rules=RULES, now=NOW)
    tell_all(binding, view)
    binding.refresh_from_db()
    assert view.people["full"].mobile == "138"
    assert (binding.released_fields, binding.withdrawn_fields) == (["mobile"], [])


def test_removed_value_is_sent_empty() -> None:
    view = SellersView()
    _admin, binding = bound(["mobile"], view)
    Member.objects.filter(user_name="full").update(profile={})
    Authorisation.objects.filter(member__user_name="full").update(version=7)
    authorise.authorise(binding, [Member.objects.get(user_name="bare").pk], admin=True, rules=RULES, now=NOW)
    users = [user for command in tell_all(binding, view) for user in wire(command)]
    assert {user["userName"]: user.get("mobile") for user in users} == {"full": "", "bare": ""}


def test_unrequested_field_is_not_released() -> None:
    admin, binding = bound(["mobile"], SellersView())
    assert not difference(binding, ["mobile", "email"])
    binding.application.asked_fields = []
    binding.application.save(update_fields=["asked_fields"])
    assert not difference(binding, ["mobile"]), "released while the seller requested it"
    assert change_released(binding, [], by=admin, rules=RULES, now=NOW).withdrawn == ("mobile",)


def test_refusals_change_nothing() -> None:
    admin, binding = bound(["mobile"], SellersView())
    ordinary_member = make_managed(admin).member
    with pytest.raises(Refused, match="Only an administrator"):
        change_released(binding, [], by=ordinary_member, rules=RULES, now=NOW)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    with pytest.raises(Refused, match="Members can be authorised only while the enterprise is bound to the service"):
        change_released(binding, [], by=admin, rules=RULES, now=NOW)
    binding.refresh_from_db()
    assert (binding.released_fields, binding.withdrawn_fields) == (["mobile"], [])


def test_every_field_has_its_empty_form() -> None:
    """§A.7, its example: "mobile":"", "email":"", "extension":{}."""
    user = SyncedUser(
        user_name="zhang01", name="Zhang", org_code="D1", admin=False, enabled=True, mobile="138",
        emptied=("position", "employeeCode", "employeeType", "mobile", "email", "workPlace", "entryDate", "extension"),
    )  # fmt: skip
    [sent_user] = wire(SyncAuth(tenant_id="t", app_id="a", users=(user,), synced_at=NOW, flag=SyncFlag.MODIFY))
    assert sent_user == {
        "userName": "zhang01", "name": "Zhang", "orgCode": "D1", "role": "user", "enable": "true", "position": "",
        "employeeCode": "", "mobile": "138", "email": "", "workPlace": "", "entryDate": "", "extension": {},
    }  # fmt: skip
