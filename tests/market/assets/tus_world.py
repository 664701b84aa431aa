"""Helpers of upload tests: a seller with an asset, its owner's browser, and requests as tus clients send them."""

from __future__ import annotations

import base64
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests import factories
from tests.factories import NOW
from tradepost.market.assets import versions
from tradepost.market.assets.asset_models import Asset
from tradepost.market.identity.models import Member, Seller

UPLOADS = "/uploads/"


def make_asset(seller: Seller | None = None, *, kind: str = "package", name: str = "Agent") -> Asset:
    """An asset of a seller with an owner."""
    if seller is None:
        owner = factories.make_buyer()
        seller = factories.make_seller(member=owner)
    by = Member.objects.filter(seller=seller).select_related("user").earliest("pk").user
    return versions.create_asset(seller, kind=kind, name=name, by=by, now=NOW)


def client_of(seller: Seller, **more: Any) -> Client:
    client = Client(headers={"accept-language": "en"}, **more)
    client.force_login(Member.objects.filter(seller=seller).earliest("pk").user)
    return client


def metadata(**values: object) -> str:
    return ",".join(f"{key} {base64.b64encode(str(value).encode()).decode()}" for key, value in values.items())


def ask(client: Client, method: str, path: str, content: bytes = b"", **headers: object) -> HttpResponse:
    tus_headers = {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return client.generic(  # type: ignore[return-value]
        method, path, content, CONTENT_TYPE=tus_headers.pop("Content-Type", "application/offset+octet-stream"),
        headers={name: value for name, value in tus_headers.items() if value != "None"},
    )  # fmt: skip


def begin(
    client: Client, asset: Asset, length: int, *, label: str = "1.0", filename: str = "agent.zip", **more: object
) -> HttpResponse:
    stated = metadata(asset=asset.pk, label=label, filename=filename, **more)
    return ask(client, "POST", UPLOADS, Upload_Length=length, Upload_Metadata=stated)


def patch(client: Client, path: str, offset: int, content: bytes, **headers: object) -> HttpResponse:
    return ask(client, "PATCH", path, content, Upload_Offset=offset, **headers)
