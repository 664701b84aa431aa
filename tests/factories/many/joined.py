"""An application of seller 1 that the large enterprise uses in a third of its services, and all its people in the first of them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from tradepost.market.applications.models import (
    Application,
    Authorisation,
    BoundGroup,
    Client,
    Sync,
    SyncedDepartment,
    TenantBinding,
)

from .insert import insert, text
from .stories import Size

KEY = "no key: nothing is encrypted here"


def joined(size: Size, now: datetime) -> None:
    [product] = _one(
        "SELECT product_id FROM subscriptions_subscription WHERE buyer_id = 1 AND seller_id = 1 GROUP BY 1 ORDER BY count(*) DESC"
    )
    Application.objects.create(
        seller_id=1, name="Of many", app_id="app1", secret_hash="0", address_id=1, public_key=KEY, login_kind="shared",
        login_url="https://many.example/", multi_instance=True, product_id=product, created_at=now,
    )  # fmt: skip
    Client.objects.create(
        enterprise_id=1, application_id=1, client_id="client1", sealed_secret="sealed", created_at=now
    )
    insert(
        TenantBinding,
        "(SELECT s.id, row_number() OVER (ORDER BY s.id) AS n FROM subscriptions_subscription s"
        f" WHERE s.product_id = {product} AND mod(s.id, 3) = 0) AS b",
        id="n", enterprise_id="1", application_id="1", subscription_id="b.id", single="FALSE", status=text("bound"),
        address_id="1", public_key=text(KEY), departments_told="TRUE", created_at="now()",
    )  # fmt: skip
    insert(
        Authorisation, "organisations_member m WHERE m.removed_at IS NULL", id="m.id", binding_id="1", member_id="m.id",
        wanted="TRUE", version="1", acked_version="1", acked_digest="'d' || m.id", told="TRUE", changed_at="now()",
    )  # fmt: skip
    BoundGroup.objects.create(binding_id=1, group_id=2)
    insert(
        Sync, f"generate_series(1, {size.buyers // 4}) AS b(n)", id="n", binding_id="1", kind=text("authorise"),
        status=text("done"), calls="1", people="500", created_at="now()", ended_at="now()",
    )  # fmt: skip
    insert(
        SyncedDepartment, "organisations_department d", id="d.id", binding_id="1", code="d.code", name="d.name",
        parent_code="''",
    )  # fmt: skip


def _one(statement: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT 1")
        found: tuple[int, ...] = cursor.fetchone()
    return found


def facts_of_joint() -> dict[str, str]:
    """What the addresses are filled in with."""
    [service] = _one(
        "SELECT s.id FROM subscriptions_subscription s JOIN applications_application a ON a.product_id = s.product_id"
        " WHERE s.buyer_id = 1 AND s.status = 'active' AND NOT EXISTS"
        " (SELECT 1 FROM applications_tenantbinding b WHERE b.subscription_id = s.id) ORDER BY s.id DESC"
    )
    return {"application": "1", "joint_binding": "1", "joint_service": str(service)}
