"""Values for the fields of a form: what the page filled in, what the table of addresses has, or something plausible."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import FilePayload

from tests.factories.pictures import picture_file

TEXT = "Checked by the crawl"
OTHER = "another option than the one that is chosen"
MORE = "twice of what the page filled in"
BY_NAME = {
    "host": "crawl.example", "url": "http://127.0.0.1:9/crawl", "phone": "13800138000", "mobile": "13800138000", "contact_mobile": "13800138000",
    "login": "crawl@crawl.example", "credit_code": "91440300708461136T", "zip": "518000", "tax_number": "91440300708461136T", "user_name": "crawl.one", "code": "CRAWL",
}  # fmt: skip
"""Names of fields whose text has a format."""
MODES = {
    "url": "https://crawl.example/",
    "email": "crawl@crawl.example",
    "tel": "13800138000",
    "number": "1",
    "month": "2026-11",
}
KEPT = frozenset({"hidden", "file", "color", "range"})


BY_FORM: Mapping[str, Mapping[str, str]] = {
    "account/email/ [action_add": {"email": "{mine}@crawl.example"},
    "account/email/ [action_remove": {"email": "{mine}@crawl.example"},
    "account/login/": {"login": "{buyer}", "password": "{buyer password}"},
    "account/password/change/": {"oldpassword": "{my password}", "password1": "{my password}", "password2": "{my password}"},
    "console/accounts/<int:pk>/top-up/": {"reference": "CRAWL-TOP-UP", "transfer": "none"},
    "balance/withdraw/": {"amount": "1", "account": "6225880123456789"},
    "console/approvals/limit/": {"amount": "20000"},
    "console/invoices/<int:pk>/issue/": {"number": "26512000000012345701"},
    "console/ledger/bookings/<int:pk>/correct/": {"way": "amount", "amount": "1.00", "whose": ""},
    "console/withdrawals/<int:pk>/pay/": {"bank_number": "CRAWL-WITHDRAWN"},
    "console/accounts/<int:pk>/top-up/ [] amount,note,reference,transfer": {"reference": "CRAWL-TOP-UP-2"},
    "console/agreements/<slug:kind>/": {
        "text": "\n\n## 附则\n\n以上条款自公布之日起生效。" * 9, "text_en": "\n\n## Final\n\nIn force from today.\n" * 9,
    },
    "console/branding/": {
        "colour": "#0d5c8f", "icp": "粤ICP备12345678号-1", "support_email": "crawl@crawl.example", "support_phone": "13800138000",
    },
    "console/categories/new/": {"slug": "crawl"},
    "console/registration/": {"buyers": "open", "sellers": "open"},
    "console/registration/invite/": {"emails": "{mine}.invited@crawl.example"},
    "console/fees/new/": {"seller": "", "kind": "", "first_from": "", "first_more": "", "second_from": "", "second_more": ""},
    "console/sign-in/new/": {"roles": "market-finance = finance"},
    "console/sign-in/<int:pk>/": {"roles": "market-finance = finance"},
    "console/demands/<int:pk>/answer/": {"product_words": ""},
    "console/demands/<int:pk>/answer/ [search": {"product_words": "云笺"},
    "console/demands/<int:pk>/pass/ [search": {"seller_words": "青榭"},
    "console/queue/<slug:source>/<int:pk>/put-off/": {"beyond": "on"},
    "console/queue/<slug:source>/<int:pk>/put-off/ [until=date": {"date": "{in a month}"},
    "console/settlements/<int:pk>/pay/": {"bank_number": "CRAWL0001"},
    "console/unmatched/<int:pk>/assign/": {"whose": "{buyer}"},
    "enterprise/<slug:code>/dissolve/": {"typed": "lantian", "password": "not the password"},
    "enterprise/<slug:code>/members/": {"email": "{mine}@crawl.example", "entry_date": "2026-03-01", "user_name": "crawl.two"},
    "enterprise/<slug:code>/members/invite/": {"email": "{mine}.two@crawl.example", "user_name": "crawl.three"},
    "enterprise/new/": {"code": "{mine}"},
    "notices/chats/new/": {"secret": ""},
    "notices/receivers/new/": {"email": "{mine}.receiver@crawl.example"},  # an address or number gets three confirmations a day
    "profile/data/": {"password": "{my password}"},
    "seller/applications/new/": {"public_key": "{public key}"},
    "seller/attributes/new/<str:kind>/": {"code": "crawl{end}", "least": "1", "most": "9", "step": "1"},
    "seller/chats/new/": {"secret": ""},
    "seller/keys/signing/<str:interface_class>/ []": {"secret": ""},
    "seller/products/<int:pk>/controls/target/": {"buyers": "", "holders_of": ""},
    "seller/invoices/<int:pk>/correct/ [] carrier": {"number": "26512000000012345680"},  # each number once
    "seller/invoices/<int:pk>/issue/": {"number": "26512000000012345690", "parcel": "SF1234567890125"},
    "seller/supervision/<int:pk>/act/ [act=deliver]": {"started": ""},  # the market's clock is ahead of the browser's
    "seller/receivers/new/": {"email": "{mine}.receiver@crawl.example", "phone": "13800138002"},
    "seller/invoices/<int:pk>/correct/": {
        "red_letter": "CRAWL1", "number": "26512000000012345679", "parcel": "SF1234567890124",
    },
    "seller/try/<int:pk>/ [act=renew_changed": {"offer": OTHER, "quantity": MORE},
    "seller/try/<int:pk>/ [act=upgrade": {"offer": OTHER, "quantity": "100"},  # of the products that are sold in units of twenty
}  # fmt: skip
"""Values that only some forms need, by the prefix of their kind. A name in braces is one that history.py created."""


def meant(kind: str, made: Mapping[str, str]) -> dict[str, str]:
    rows = sorted((row for row in BY_FORM if kind.startswith(row)), key=len)
    return {name: value.format_map(made) for row in rows for name, value in BY_FORM[row].items()}


def typed(
    fields: Sequence[Mapping[str, Any]], data: Mapping[str, str], meant: Mapping[str, str], attempt: int = 0
) -> dict[str, Any]:
    """Return the values of the fields. ``data`` are the values of the table of addresses; those that name objects of
    another market are left out.

    ``meant`` overrides what the page filled in. ``attempt``: the number of refused attempts; each chose another option.
    """
    values: dict[str, Any] = {}
    for one in fields:
        name, kind = one["name"], one["type"]
        known = meant.get(name, data.get(name, ""))
        if kind in KEPT:
            continue
        if known == OTHER:
            others = [value for value in one["options"] if value not in {"", one["value"]}]
            values[name] = others[attempt % len(others)] if others else one["value"]
        elif known == MORE:
            values[name] = str(int(one["value"] or 1) * 2)
        elif name in meant and kind not in {"checkbox", "radio"}:
            values[name] = known
        elif kind == "checkbox":
            if (
                one["checked"]
                or one["required"]
                or name in data
                or name in meant
                or name.startswith(("agree", "confirm", "understood"))
            ):
                values.setdefault(name, []).append(one["value"])
            else:
                values.setdefault(name, [])
        elif kind == "radio":
            if (one["value"] == known) if name in meant else (one["checked"] or name not in values):
                values[name] = [one["value"]]
        elif kind.startswith("select"):
            options = [value for value in one["options"] if value]
            values[name] = known if known in options else one["value"] or (options[0] if options else "")
        elif one["value"]:
            values[name] = one["value"]
        else:
            values[name] = known if known and "{" not in known else _plausible(name, kind, one)
    return values


def _plausible(name: str, kind: str, one: Mapping[str, Any]) -> str:
    soon = datetime.now(UTC) + timedelta(days=2)
    if kind == "date":
        return one["max"] or f"{soon:%Y-%m-%d}"
    if kind == "datetime-local":
        return f"{soon:%Y-%m-%dT%H:%M}"
    if kind == "number" and one["min"]:
        return str(one["min"])
    return BY_NAME.get(name.rpartition(".")[2].rpartition("-")[2], MODES.get(kind, TEXT))


def file_for(accept: str) -> FilePayload:
    if "pdf" in accept and "png" not in accept:
        return {"name": "crawl.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF\n"}
    if "csv" in accept:
        return {"name": "crawl.csv", "mimeType": "text/csv", "buffer": "账号,姓名,部门\ncrawl.one,试一,RD\n".encode()}
    if "zip" in accept:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(
                "invoices.csv", "申请编号,发票号码,文件名,快递公司,快递单号\r\nFP-none,24312000000012345679,a.pdf,,"
            )
        return {"name": "crawl.zip", "mimeType": "application/zip", "buffer": made.getvalue()}
    return {"name": "crawl.png", "mimeType": "image/png", "buffer": picture_file()}
