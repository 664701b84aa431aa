"""Requests of a directory to the largest enterprise of a large market: a part of ``everything``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus

from django.test import Client

from tests.factories.many.enterprises import DIRECTORY_SECRET

from .everything import Deed
from .visitor import HOST

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def directory_deeds(facts: Mapping[str, str]) -> Iterator[Deed]:
    member, group = facts["enterprise_public_id"], facts["enterprise_group"]
    off = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    out = {"schemas": [PATCH], "Operations": [{"op": "remove", "path": f'members[value eq "{member}"]'}]}
    for method, path, body in (
        ("GET", "Users", None),
        ("GET", "Users?startIndex=801&count=200", None),
        ("GET", 'Users?filter=userName eq "user7"', None),
        ("GET", 'Users?filter=externalId eq "x7"', None),
        ("GET", f"Users/{member}", None),
        ("POST", "Users", {"userName": "from-the-directory", "externalId": "x0", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D1"}}),
        ("PATCH", f"Users/{member}", off),
        ("DELETE", f"Users/{member}", None),
        ("GET", "Groups", None),
        ("GET", f"Groups/{group}?excludedAttributes=members", None),
        ("GET", "Groups/2", None),  # a group returns all its members: a fifth of the market is in the first one
        ("PATCH", f"Groups/{group}", out),
    ):  # fmt: skip
        yield Deed(f"SCIM {method} {path.replace(member, '…')}", partial(_send, method, path, body))


def _send(method: str, path: str, body: object, _prepared: object) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    answer = Client(headers={"host": HOST}).generic(
        method, f"/t/many/scim/v2/{path}", content, content_type="application/scim+json",
        headers={"authorization": f"Bearer {DIRECTORY_SECRET}"},
    )  # fmt: skip
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        raise LookupError(answer.content.decode())
