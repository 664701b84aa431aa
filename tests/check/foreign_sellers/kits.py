"""Correct sellers of both joint-operation kits (openapi-jointkit A)."""

from __future__ import annotations

import json
from collections.abc import Callable

from .seller import Refused, Seller, Stamped, needs, texts, token_holds


class KitSeller(Seller):
    """Joint operation 2.0: tenants, applications, departments, users in tables; secrets are decrypted at once."""

    protocol = "joint_kit_v2"
    prefix = "/produceAPI/v2/"
    flags: tuple[int, ...] = (0, 1, 2)

    def __init__(self, *, decrypts: bool) -> None:
        self.stamped = Stamped(in_headers=True)
        self.decrypts = decrypts
        self.tenants: set[str] = set()
        self.apps: set[tuple[str, str]] = set()

    def authentic(self, headers: dict[str, str], body: bytes) -> dict[str, object]:
        self.stamped.check({}, headers, body)
        return dict(json.loads(body.decode()))

    def rows(self, members: dict[str, object], name: str) -> list[dict[str, object]]:
        found = members[name]
        if not isinstance(found, list):
            raise Refused("000002")
        return found

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        members = self.authentic(headers, body)
        operation = path.rpartition(self.prefix)[2]
        (tenant,) = needs(
            members,
            "tenantId",
        )
        if not {"testFlag", "timeStamp"} <= members.keys():
            raise Refused("000002")
        flag = members.get("flag")
        if operation != "allOrgSync" and (
            isinstance(flag, bool) or flag not in self.flags + (3,) * (operation == "authSync")
        ):
            raise Refused("000002")
        act: dict[str, Callable[[dict[str, object], str], None]] = {
            "tenantSync": self.tenant,
            "applicationSync": self.application,
            "authSync": self.users,
            "singleOrgSync": self.department,
            "allOrgSync": self.departments,
        }
        if operation not in act:
            raise Refused("000002")
        act[operation](members, tenant)
        return {}

    def tenant(self, members: dict[str, object], tenant: str) -> None:
        needs(members, "tenantCode", "name", "domainName")
        if members["testFlag"] == 1:
            return
        if members["flag"] == 0:
            self.tenants.discard(tenant)
        else:
            self.tenants.add(tenant)

    def application(self, members: dict[str, object], tenant: str) -> None:
        app, *_ = needs(members, "appId", "clientId", "clientSecret")
        if self.decrypts:
            # No private key fits a secret that the tester made up (openapi-jointkit A.6).
            raise Refused("000101")
        if members["testFlag"] != 1:
            self.bound(tenant)
            self.apps.add((tenant, app))

    def users(self, members: dict[str, object], tenant: str) -> None:
        (app, _) = needs(members, "appId", "currentSyncTime")
        users = self.rows(members, "userList")
        for user in users:
            needs(user, "userName", "name", "orgCode", "role", "enable")
        if members["testFlag"] != 1:
            self.bound(tenant)
            if (tenant, app) not in self.apps:
                raise Refused("000005")

    def department(self, members: dict[str, object], tenant: str) -> None:
        needs(members, "orgCode", "orgName")
        if members["testFlag"] != 1:
            self.bound(tenant)

    def departments(self, members: dict[str, object], tenant: str) -> None:
        for row in self.rows(members, "orgInfoList"):
            needs(row, "orgCode", "orgName")
        if members["testFlag"] != 1:
            self.bound(tenant)

    def bound(self, tenant: str) -> None:
        if tenant not in self.tenants:
            raise Refused("000005")


class OldKitSeller(KitSeller):
    """Joint operation 1.0: authToken in a header, lists as texts (openapi-jointkit A.3)."""

    protocol = "joint_kit_v1"
    prefix = "/produceAPI/"
    flags: tuple[int, ...] = (0, 1)
    http = "HTTP/1.0"
    blank = " "

    def authentic(self, headers: dict[str, str], body: bytes) -> dict[str, object]:
        members = dict(json.loads(body.decode()))
        if not token_holds(texts(members), headers.get("authtoken", "")):
            raise Refused("000001")
        return members

    def rows(self, members: dict[str, object], name: str) -> list[dict[str, object]]:
        return list(json.loads(str(members["orgInfo" if name == "orgInfoList" else name])))

    def handle(self, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, object]:
        # This generation has modifications of users and departments too.
        self.flags = (0, 1) if path.endswith(("tenantSync", "applicationSync")) else (0, 1, 2)
        return super().handle(path, query, headers, body)

    def departments(self, members: dict[str, object], tenant: str) -> None:
        for row in self.rows(members, "orgInfoList"):
            needs(row, "orgCode", "name")
        if members["testFlag"] != 1:
            self.bound(tenant)
