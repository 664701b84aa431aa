"""An application of seller 1 that the large enterprise uses in sixty services, with all its members in the first; and
an application of every other seller, whose calls are probed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from tradepost.market.applications.models import (
    Application,
    Authorisation,
    BoundDepartment,
    BoundGroup,
    Client,
    Sync,
    SyncedDepartment,
    TenantBinding,
)
from tradepost.market.debugging.models import DebugCase
from tradepost.market.production.models import Address

from .insert import insert, text
from .stories import Size

SERVICES = 60
"""Services that the enterprise bound."""
KIT = 900_000
KEY = "no key: nothing is encrypted here"
CALLS = "(VALUES (1, 'tenantSync'), (2, 'applicationSync'), (3, 'authSync'), (4, 'singleOrgSync'), (5, 'allOrgSync')) AS c(nth, word)"


def joined(size: Size, now: datetime) -> None:
    [product] = _fetch_value(
        "SELECT product_id FROM subscriptions_subscription WHERE buyer_id = 1 AND seller_id = 1 GROUP BY 1 ORDER BY count(*) DESC"
    )
    Address.objects.create(pk=KIT, seller_id=1, url="https://many.example/kit", protocol="joint_kit_v2", created_at=now)
    Application.objects.create(
        seller_id=1, name="Of many", app_id="app1", secret_hash="0", address_id=KIT, public_key=KEY, login_kind="shared",
        login_url="https://many.example/", multi_instance=True, product_id=product, created_at=now,
    )  # fmt: skip
    _of_others(now)
    Client.objects.create(
        enterprise_id=1, application_id=1, client_id="client1", sealed_secret="sealed", created_at=now
    )
    insert(
        TenantBinding,
        "(SELECT s.id, row_number() OVER (ORDER BY s.id) AS n FROM subscriptions_subscription s"
        f" WHERE s.product_id = {product} AND s.status = 'active' ORDER BY s.id LIMIT {SERVICES}) AS b",
        id="n", enterprise_id="1", application_id="1", subscription_id="b.id", single="FALSE", status=text("bound"),
        address_id=f"{KIT}", public_key=text(KEY), departments_told="TRUE", created_at="now()",
    )  # fmt: skip
    insert(
        Authorisation, "organisations_member m WHERE m.removed_at IS NULL", id="m.id", binding_id="1", member_id="m.id",
        wanted="TRUE", version="1", acked_version="1", acked_digest="'d' || m.id", told="TRUE", changed_at="now()",
    )  # fmt: skip
    BoundGroup.objects.create(binding_id=1, group_id=2)
    BoundDepartment.objects.create(binding_id=1, department_id=2, below=True, created_at=now)
    insert(
        Sync, f"generate_series(1, {size.buyers // 4}) AS b(n)", id="n", binding_id="1", kind=text("authorise"),
        status=text("done"), calls="1", people="500", created_at="now()", ended_at="now()",
    )  # fmt: skip
    Sync.objects.create(
        pk=size.buyers, binding_id=1, kind="departments", status="waiting", calls=1, note="timeout", tries=1, next_at=now,
        give_up_at=now + timedelta(days=7), created_at=now,
    )  # fmt: skip
    insert(
        SyncedDepartment, "organisations_department d", id="d.id", binding_id="1", code="d.code", name="d.name",
        parent_code="''",
    )  # fmt: skip


def _of_others(now: datetime) -> None:
    """Publish each with the first product of its seller, with debugged calls. Those of seller 1 too."""
    first = "(SELECT p.seller_id, min(p.id) AS product FROM catalog_product p WHERE p.seller_id > 1 GROUP BY 1) AS f"
    insert(
        Address, first, id=f"{KIT} + f.seller_id", seller_id="f.seller_id", protocol=text("joint_kit_v2"), created_at=now,
        url="'https://many.example/kit/' || f.seller_id",
    )  # fmt: skip
    insert(
        Application, first, id="f.seller_id", seller_id="f.seller_id", product_id="f.product", address_id=f"{KIT} + f.seller_id",
        name="'Of many ' || f.seller_id", app_id="'app' || f.seller_id", secret_hash=text("0"), public_key=text(KEY),
        login_kind=text("shared"), login_url="'https://many.example/' || f.seller_id", created_at=now,
    )  # fmt: skip
    insert(
        DebugCase, f"production_address a CROSS JOIN {CALLS} WHERE a.protocol = 'joint_kit_v2'", id="10 * a.id + c.nth",
        seller_id="a.seller_id", address_id="a.id", activity="c.word", kind=text("SyncTenant"), command="'{}'::jsonb", url="a.url",
        key_id=text("k"), saved_at=now, tried_at=now, saved_by=text("zhang"),
    )  # fmt: skip


def _fetch_value(statement: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT 1")
        found: tuple[int, ...] = cursor.fetchone()
    return found


def facts_of_joint() -> dict[str, str]:
    """Return values for the parts of their addresses."""
    [service] = _fetch_value(
        "SELECT s.id FROM subscriptions_subscription s JOIN applications_application a ON a.product_id = s.product_id"
        " WHERE s.buyer_id = 1 AND s.status = 'active' AND NOT EXISTS"
        " (SELECT 1 FROM applications_tenantbinding b WHERE b.subscription_id = s.id) ORDER BY s.id DESC"
    )
    return {"application": "1", "joint_binding": "1", "joint_service": str(service)}
