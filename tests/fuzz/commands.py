"""Commands of every kind that a market may send, with any values that the wire can carry, and some that it cannot."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from tradepost.protocols import commands as c
from tradepost.protocols import sync_commands as s

IDS = st.text("abcXYZ0189-_", min_size=1, max_size=64) | st.sampled_from(["CS1", "i-1", "a b", "é中😀", "x" * 64])
SHORT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(lambda text: f"n{text}")
TIMES = st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
FLAGS = st.booleans()
AMOUNTS = st.none() | st.decimals(Decimal(0), Decimal(10**9), places=2)

BUYERS = st.builds(
    c.Buyer, customer_id=IDS, customer_name=SHORT, user_id=IDS, user_name=SHORT, mobile_phone=SHORT, email=SHORT
)
PURCHASES = st.builds(
    c.Purchase,
    product_id=IDS,
    sku_code=IDS,
    charging_mode=st.sampled_from(c.ChargingMode),
    period_type=st.sampled_from(["year", "month", "day"]),
    period_number=st.integers(1, 99),
    quantity=st.none() | st.integers(1, 9999),
    trial=FLAGS,
    started_at=st.none(),
    expires_at=TIMES,
    amount=AMOUNTS,
    extend_params=st.lists(st.tuples(NAMES, SHORT), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
)
USERS = st.builds(
    s.SyncedUser, user_name=NAMES, name=NAMES, org_code=NAMES, admin=FLAGS, enabled=FLAGS, position=SHORT, email=SHORT
)
DEPARTMENTS = st.builds(s.Department, code=NAMES, name=NAMES, parent_code=IDS | st.just(""))
SYNC = st.sampled_from(s.SyncFlag)

KINDS: dict[type[c.Command], st.SearchStrategy[c.Command]] = {
    c.Create: st.builds(
        c.Create,
        order_id=IDS,
        order_line_id=IDS,
        business_id=IDS,
        buyer=BUYERS,
        purchase=PURCHASES,
        encryption=st.sampled_from(c.Encryption),
        test=FLAGS,
    ),
    c.Query: st.builds(c.Query, instance_ids=st.lists(IDS, min_size=1, max_size=4, unique=True).map(tuple), test=FLAGS),
    c.Refresh: st.builds(
        c.Refresh,
        instance_id=IDS,
        scene=st.sampled_from(c.Scene),
        order_id=IDS,
        order_line_id=IDS,
        expires_at=TIMES,
        product_id=IDS,
        test=FLAGS,
    ),
    c.SetStatus: st.builds(c.SetStatus, instance_id=IDS, status=st.sampled_from(c.InstanceStatus), test=FLAGS),
    c.Expire: st.builds(c.Expire, instance_id=IDS, order_id=IDS, test=FLAGS),
    c.Release: st.builds(c.Release, instance_id=IDS, order_id=IDS, order_line_id=IDS, test=FLAGS),
    c.Upgrade: st.builds(c.Upgrade, instance_id=IDS, order_id=IDS, order_line_id=IDS, purchase=PURCHASES, test=FLAGS),
    c.CheckChange: st.builds(
        c.CheckChange,
        instance_id=IDS,
        product_id=IDS,
        sku_code=IDS,
        product_name=NAMES,
        linear_value=st.none() | st.integers(),
        test=FLAGS,
    ),
    c.GetLicenseAsync: st.builds(
        c.GetLicenseAsync,
        instance_id=IDS,
        event_id=IDS,
        effective_at=TIMES,
        expires_at=st.none() | TIMES,
        device_fingerprint=SHORT,
        test=FLAGS,
    ),
    c.NotifyOrder: st.builds(c.NotifyOrder, order_id=IDS, order_line_id=IDS, test=FLAGS),
    s.SyncTenant: st.builds(
        s.SyncTenant,
        tenant_id=NAMES,
        tenant_code=NAMES,
        name=NAMES,
        domain_name=NAMES.map(lambda name: f"https://{name}"),
        flag=SYNC,
        instance_id=IDS,
        order_id=IDS,
        test=FLAGS,
    ),
    s.SyncApplication: st.builds(
        s.SyncApplication,
        tenant_id=NAMES,
        app_id=NAMES,
        client_id=NAMES,
        encrypted_secret=NAMES,
        flag=SYNC,
        instance_id=IDS,
        test=FLAGS,
    ),
    s.SyncAuth: st.builds(
        s.SyncAuth,
        tenant_id=NAMES,
        app_id=NAMES,
        users=st.lists(USERS, min_size=1, max_size=2).map(tuple),
        synced_at=TIMES,
        flag=SYNC,
        instance_id=IDS,
        test=FLAGS,
    ),
    s.SyncOrg: st.builds(s.SyncOrg, tenant_id=NAMES, department=DEPARTMENTS, flag=SYNC, instance_id=IDS, test=FLAGS),
    s.SyncAllOrgs: st.builds(
        s.SyncAllOrgs,
        tenant_id=NAMES,
        departments=st.lists(DEPARTMENTS, min_size=1, max_size=2).map(tuple),
        instance_id=IDS,
        test=FLAGS,
    ),
}
