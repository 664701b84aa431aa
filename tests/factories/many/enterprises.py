"""An enterprise of buyer 1 whose members grow with the market. Its members are the buyers, with the history of the
orders.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from tradepost.market.base.secrets import fingerprints
from tradepost.market.base.stored import dump
from tradepost.market.identity.members import hash_of
from tradepost.market.organisations.directory_tokens import PURPOSE
from tradepost.market.organisations.import_report import Report
from tradepost.market.organisations.models import (
    AdminVisit,
    Department,
    DirectoryToken,
    Enterprise,
    EnterpriseAct,
    Group,
    GroupMember,
    ImportRun,
    Invitation,
    Member,
    OwnAddress,
    PasswordFile,
)

from .insert import insert, text
from .stories import Size

ENTERPRISE_TOKEN = "the token of an invitation of the enterprise"
DIRECTORY_SECRET = "the token of the directory"
DEPARTMENTS = 300
REMOVED, WITHOUT_PASSWORD = 10, 20
"""Every how many buyers one is of a kind."""
OTHERS = 30
"""Enterprises, with as many departments each."""
EMPTY_DEPARTMENT = DEPARTMENTS
"""A department without members."""

REMOVED_GROUP = 13
"""A group that was removed and that still has members."""


def enterprises(size: Size, now: datetime) -> None:
    people = size.buyers - size.buyers // REMOVED
    Enterprise.objects.create(pk=1, code="many", name="The largest", buyer_id=1, people=people, created_at=now)
    everybody = f"generate_series(1, {size.buyers}) AS b(n)"
    at = {"at": "now() - interval '1 day'"}
    insert(
        Enterprise, f"generate_series(2, {OTHERS}) AS b(n)", id="n", code="'many' || n", name="'Another ' || n", buyer_id="n",
        public_id="'e' || n", created_at="now()", dissolve_asked_at="CASE WHEN n = 2 THEN now() END",
        dissolve_at="CASE WHEN n = 2 THEN now() END",
    )  # fmt: skip
    insert(
        Department, f"generate_series(1, {DEPARTMENTS * OTHERS}) AS b(n)", id="n", enterprise_id=f"1 + (n - 1) / {DEPARTMENTS}",
        code="'D' || n", name="'部门' || n", parent_id=f"CASE WHEN n <= {DEPARTMENTS} THEN NULLIF(n / 10, 0) END",
    )  # fmt: skip
    insert(
        Member, everybody, id="n", enterprise_id="1", user_id="n", public_id="'m' || n", user_name="'user' || n",
        name="'员工' || n", department_id=f"1 + mod(n, {DEPARTMENTS - 1})", role="CASE WHEN n = 1 THEN 'admin' ELSE 'user' END",
        external_id="'x' || n", managed="n > 1", password_at=f"CASE WHEN mod(n, {WITHOUT_PASSWORD}) = 1 THEN NULL ELSE now() END",
        removed_at=f"CASE WHEN mod(n, {REMOVED}) = 0 THEN now() END", joined_at=at["at"],
    )  # fmt: skip
    insert(
        EnterpriseAct, everybody, id="n", enterprise_id="1", act=text("member_added"), by_id="1", by_text=text("somebody"),
        about="'member:' || n", about_text="'员工' || n", at=f"{at['at']} - ({size.buyers} - n) * (interval '700 days' / {size.buyers})",
    )  # fmt: skip
    DirectoryToken.objects.create(
        enterprise_id=1,
        name="Entra ID",
        token_hash=fingerprints(PURPOSE, DIRECTORY_SECRET)[0],
        begins="the",
        made_at=now,
    )
    Group.objects.create(pk=1, enterprise_id=1, name="Everybody", created_at=now)
    Group.objects.create(pk=2, enterprise_id=1, name="Nobody", created_at=now)
    Group.objects.create(pk=REMOVED_GROUP, enterprise_id=1, name="No more", created_at=now, removed_at=now)
    insert(Group, "generate_series(3, 12) AS b(n)", id="n", enterprise_id="2", name="'g' || n", created_at="now()")
    insert(GroupMember, f"{everybody} WHERE mod(n, 5) = 2", id="n", group_id="1", member_id="n")
    insert(
        GroupMember,
        f"{everybody} WHERE mod(n, 5) = 2",
        id=f"{2 * size.buyers} + n",
        group_id=str(REMOVED_GROUP),
        member_id="n",
    )
    insert(GroupMember, everybody, id=f"{size.buyers} + n", group_id="3 + mod(n, 10)", member_id="n")
    insert(
        Invitation, f"generate_series(1, {size.buyers // 4}) AS b(n)", id="n", enterprise_id="1", email="'p' || n || '@new.example'",
        token_hash="'t' || n", user_name="'new' || n", name="'新' || n", department_id="1", role=text("user"),
        status="CASE WHEN mod(n, 50) = 0 THEN 'pending' ELSE 'accepted' END", created_at=at["at"],
        expires_at="now() + interval '7 days'",
    )  # fmt: skip
    Invitation.objects.filter(pk=50).update(token_hash=hash_of(ENTERPRISE_TOKEN), expires_at=now + timedelta(days=9))
    insert(
        ImportRun, f"generate_series(1, {size.buyers // 4}) AS b(n)", id="n", enterprise_id="1", by_id="1",
        file_name="'people' || n || '.csv'", sha256="CASE WHEN mod(n, 100) = 0 THEN 'f' || n ELSE '' END", size="7",
        status=text("done"), created_at=at["at"],
    )  # fmt: skip
    ImportRun.objects.filter(pk=1).update(status="checked", report=dump(Report(new=1, last=2)))
    insert(
        AdminVisit, everybody, id="n", member_id="n", sign_in="n", ticket_hash="'t' || n", state_hash=text("s"), secret_hash="'s' || n",
        auth_hash=text("a"), ticket_until=at["at"], expires_at="now() + interval '10 hours'",
    )  # fmt: skip
    insert(OwnAddress, everybody, id="n", member_id="n", email="'user' || n || '@own.example'", confirmed_at=at["at"])
    insert(
        PasswordFile, f"generate_series(2, {size.buyers // 4}) AS b(n)", id="n", enterprise_id="1", run_id="n", by_id="1",
        status=text("deleted"), created_at=at["at"], until=at["at"],
    )  # fmt: skip
    PasswordFile.objects.create(pk=1, enterprise_id=1, status="ready", created_at=now, until=now + timedelta(days=9))


def facts_of_enterprises() -> dict[str, str]:
    """Return values for the parts of their addresses."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM organisations_member WHERE removed_at IS NOT NULL")
        [removed] = cursor.fetchone()
    return {
        "enterprise": "many", "head_office": "1", "department": str(EMPTY_DEPARTMENT), "enterprise_member": "7", "enterprise_account": "user7",
        "removed_member": str(removed), "enterprise_group": "1", "enterprise_invitation": "50", "enterprise_token": ENTERPRISE_TOKEN,
        "import": "1", "password_file": "1", "enterprise_key": "1", "enterprise_public_id": "m7", "directory_token": str(DirectoryToken.objects.values_list("pk", flat=True)[0]),
    }  # fmt: skip
