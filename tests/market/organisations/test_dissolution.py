"""Dissolution needs a second administrator if there is one, can be cancelled for seven days, and erases the data later (issue 28)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests.factories import NOW, make_buyer
from tests.factories.organisations import make_admin, make_department, make_enterprise_member, make_managed
from tests.market.engine import react
from tests.market.notifications.telling import notice_titles
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.models import Job
from tradepost.market.organisations import dissolution, enterprise, retention
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, Member

pytestmark = pytest.mark.django_db


def two_admins() -> tuple[Member, Member]:
    first = make_admin(make_buyer(balance="0", language="en"), name="蓝天制造")
    second = make_enterprise_member(first, make_buyer(balance="0", language="en"), role=Member.Role.ADMIN)
    return first, second


def test_enterprise_is_dissolved_seven_days_after_a_second_administrator_agrees() -> None:
    first, second = two_admins()
    dissolution.request_dissolution(first.enterprise, by=first, typed=first.enterprise.code, now=NOW)
    assert not Job.objects.filter(kind=dissolution.DUE_TIMER).exists(), "not yet agreed"
    with pytest.raises(Refused, match=r"enterprise\.own_request"):
        dissolution.agree_to_dissolution(first.enterprise, by=first, now=NOW)
    with pytest.raises(Refused, match=r"enterprise\.dissolving"):
        dissolution.request_dissolution(first.enterprise, by=second, typed=first.enterprise.code, now=NOW)
    react(now=NOW)
    assert notice_titles(second.user)[0] == "An administrator wants to dissolve 蓝天制造"
    dissolution.agree_to_dissolution(first.enterprise, by=second, now=NOW)
    tasks = {dissolution.DUE_TIMER: dissolution.run_due}
    jobs.run_due(tasks, now=NOW + dissolution.WAITING_PERIOD - timedelta(seconds=1))
    assert Enterprise.objects.get().status == "active"
    jobs.run_due(tasks, now=NOW + dissolution.WAITING_PERIOD)
    assert Enterprise.objects.get().status == "dissolved"


def test_any_administrator_can_cancel_the_dissolution() -> None:
    first, second = two_admins()
    with pytest.raises(Refused, match=r"enterprise\.not_dissolving"):
        dissolution.cancel_dissolution(first.enterprise, by=first, now=NOW)
    dissolution.request_dissolution(first.enterprise, by=first, typed=first.enterprise.code, now=NOW)
    dissolution.agree_to_dissolution(first.enterprise, by=second, now=NOW)
    dissolution.cancel_dissolution(first.enterprise, by=second, now=NOW)
    assert not Job.objects.filter(kind=dissolution.DUE_TIMER).exists()
    jobs.run_due({dissolution.DUE_TIMER: dissolution.run_due}, now=NOW + dissolution.WAITING_PERIOD)
    assert Enterprise.objects.get().status == "active"
    dissolution.request_dissolution(first.enterprise, by=second, typed=first.enterprise.code, now=NOW)
    acts = list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))
    assert acts[-4:] == ["dissolving", "dissolving_agreed", "dissolving_undone", "dissolving"]


def test_data_is_erased_after_the_configured_days(tmp_path: Path) -> None:
    admin = make_admin(name="枫林机械")
    make_managed(admin, "han.mei", name="韩梅梅")
    make_department(admin, name="研发中心")
    other_admin = make_admin(name="晨光设备")
    enterprise.end(Enterprise.objects.select_for_update().get(pk=admin.enterprise_id), now=NOW)
    sweep = retention.dissolved_enterprises(Files(tmp_path))
    assert sweep.work(NOW) == 0, "not yet"
    assert sweep.work(NOW + timedelta(seconds=1)) == 1
    assert sweep.work(NOW + timedelta(seconds=1)) == 0
    erased = Enterprise.objects.get(pk=admin.enterprise_id)
    assert (erased.code, erased.name) == (admin.enterprise.code, f"deleted-{erased.public_id}")
    tables_with_data = list(tables_with("枫林机械", "韩梅梅", "研发中心"))
    assert tables_with_data == []
    assert list(tables_with(other_admin.enterprise.name)), "another enterprise is not affected"


def tables_with(*texts: str) -> Iterator[str]:
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1])}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("organisations_", "identity_user")):
                cursor.execute(f'SELECT * FROM "{table}"')
                rows = "\n".join(str(value) for row in cursor.fetchall() for value in row)
                if any(form in rows for form in forms):
                    yield table
