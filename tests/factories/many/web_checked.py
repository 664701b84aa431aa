"""Web checks: a year of them by the largest seller, with the findings of each, and some of all others."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.identity.models import Domain
from tradepost.market.web_scan.models import WebFinding, WebScan, WebTask

from .insert import insert, text
from .stories import Size

TASKS = 20
RUNS = 8_000
"""Runs of seller 1: the maximum that it may start in a year. Every fourth row belongs to another seller."""


def web_checked(size: Size, now: datetime) -> None:
    ago = f"'{now.isoformat()}'::timestamptz - ({RUNS} - n) * interval '1 hour'"
    Domain.objects.create(
        pk=2, seller_id=1, host="web1.many.example", token="t" * 32, created_at=now, status="verified", how="https"
    )
    contact = {
        "contact_name": text("沈清"),
        "contact_mobile": text("13912345678"),
        "contact_email": text("s@m.example"),
    }
    insert(
        WebTask, f"generate_series(1, {TASKS}) n", id="n", seller_id="1", domain_id="2", created_at=now,
        url="'https://web1.many.example/' || n || '/'", place=text("web1.many.example"), **contact,
    )  # fmt: skip
    insert(
        WebTask, f"generate_series(2, {size.sellers}) n", id=f"{TASKS} + n", seller_id="n", domain_id="2", created_at=now,
        url="'https://web' || n || '.many.example/'", place="'web' || n || '.many.example'", **contact,
    )  # fmt: skip
    insert(
        WebScan, f"generate_series(1, {RUNS}) n", id="n", status=text("done"), url=text("https://web1.many.example/"),
        task_id=f"CASE WHEN mod(n, 4) = 0 THEN {TASKS} + 2 + mod(n, {size.sellers - 2}) ELSE 1 + mod(n, {TASKS}) END",
        seller_id=f"CASE WHEN mod(n, 4) = 0 THEN 2 + mod(n, {size.sellers - 2}) ELSE 1 END", requests="7",
        started_at=ago, ended_at=ago,
    )  # fmt: skip
    insert(
        WebFinding, f"generate_series(1, {RUNS}) n CROSS JOIN generate_series(1, 5) f", id="5 * n + f", scan_id="n",
        code="CASE WHEN f = 1 THEN 'certificate.expired' ELSE 'headers.nosniff' END",
        severity="CASE WHEN f = 1 THEN 'high' ELSE 'low' END", where=text("https://web1.many.example/"),
        fingerprint="md5(n::text || f) || md5(f::text)",
    )  # fmt: skip
