"""A directory that calls the market over HTTP, as Entra ID or Okta does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from tests.factories import NOW
from tests.factories.organisations import make_admin
from tradepost.market.base import clock
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.models import DirectoryToken, Enterprise, EnterpriseAct, Group, GroupMember, Member

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True, slots=True)
class Directory:
    admin: Member
    token: DirectoryToken
    secret: str

    @property
    def enterprise(self) -> Enterprise:
        return self.admin.enterprise

    def ask(self, method: str, path: str, body: object = None, *, secret: str | None = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        answer: Any = Client().generic(
            method, f"/t/{self.enterprise.code}/scim/v2/{path}", content, content_type="application/scim+json",
            headers={"authorization": f"Bearer {self.secret if secret is None else secret}"},
        )  # fmt: skip
        return answer

    def request(self, method: str, path: str, body: object = None, *, status: int = 200) -> dict[str, Any]:
        """Send a request and return the body of its response, which must have this status. A refusal must change
        nothing in the enterprise.
        """
        before = stored_state() if status >= 400 else None
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.content.decode()
        assert status < 400 or stored_state() == before
        if status == 204:
            return {}
        assert answer["Content-Type"] == "application/scim+json"
        content: dict[str, Any] = json.loads(answer.content)
        if status >= 400:
            assert content["schemas"] == [ERROR]
            assert content["status"] == str(status)
        return content

    def patch(self, path: str, *operations: object, status: int = 200) -> dict[str, Any]:
        return self.request("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, status=status)

    def add(self, user_name: str, **more: object) -> dict[str, Any]:
        return self.request("POST", "Users", {"schemas": [CORE], "userName": user_name, **more}, status=201)


def make_directory(name: str = "Entra ID") -> Directory:
    admin = make_admin(now=clock.now())
    token = directory_tokens.create(admin.enterprise, name, by=admin, most=3, now=NOW)
    return Directory(admin, token.token, token.secret)


def stored_state() -> list[object]:
    """Return everything that a directory can change."""
    models = (Member, Group, GroupMember, EnterpriseAct, Enterprise)
    return [list(model.objects.order_by("pk").values()) for model in models]
