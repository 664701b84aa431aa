"""Mutants of the joint-operation kit: tenants, departments, users and their paths (openapi-jointkit §A)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tradepost.protocols.http import Request, Response

from .any_shop import any_seller
from .definition import Answering, mutant
from .every_protocol import KITS, Met
from .http_habits import page

LIFE, SHAPE, DEBUG, WIRE, SECRETS = "lifecycle", "shape", "debug", "wire", "secrets"
# Of a key that nobody has: whatever was encrypted with it is right, as far as the tester knows.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEA1mnxnjbZVi6rXXZHIDEu
2daH8DgukpROzw4Dv/+32CBUls5p+ysWEjZCl/786O5YHyWOtRQLhTn5BCnp/Ekm
oeM6lY8ZLk4adjJZQgAH9rW2AORDCLtesEqs0Qe3mNsmcHcQc7BeQ2bQ1HZZfw6K
CtP4rLlRn+0AZw5s+KvIJ/VYAaF4+ELNswnMzucgDtgehpq5ikQe3hN5k6YkjETm
Z2iUt7Nwd+aUDeazxDi2lF04kpfXzU6jTLJkRA24rvFYoHemK2SlkJQQiy12SpD2
088U6eeXomxCIko3KwtKItV8zp4FJuMkULvTQCgbbNVvajkN9mNOwSIh+16HoFJR
SZBUgwPQhDrw/2xpbk2UpssDxa/qoSIeTT1nmfM88HfmRbfJunJmXR4vtz95EuDo
GWc3TAWnLlRWwTym2Lm/TJIHUwUoeVjGfBlpOy5UJH1AnaYZ9vXs7i9hpeF5E1ue
JlgNoAvREwKe2YWBDMIxVf/cMQmzsF1oxVtfYzCJKc0VAgMBAAE=
-----END PUBLIC KEY-----
"""

type Judge = Callable[[Met, str], str]
"""The code with which a correctly signed call is refused; empty to accept it."""


def kit_mutant(
    diagnosis: str, *groups: str, protocols: tuple[str, ...] = KITS
) -> Callable[[Callable[[], Judge]], Callable[[], Judge]]:
    """Declare the result of ``make()``, a judge with its own memory."""

    def declare(make: Callable[[], Judge]) -> Callable[[], Judge]:
        def build(folder: Path, protocol: str) -> Answering:
            seller, judge = any_seller(folder, protocol), make()

            def answering(request: Request, now: datetime, nonce: str) -> Response:
                met = Met(protocol, request, now, nonce)
                code = judge(met, request.path.rpartition("/")[2]) if met.is_right and met.members else ""
                return met.says(code) if code else seller.respond(request, now, nonce)

            return answering

        build.__name__ = make.__name__
        mutant(diagnosis, *groups, protocols=protocols)(build)
        return make

    return declare


def real(met: Met) -> bool:
    return str(met.members.get("testFlag")) != "1"


@kit_mutant("repeat_refused", LIFE)
def tenants_are_unique() -> Judge:
    """A unique key, whose error is the answer."""
    known: set[object] = set()

    def judge(met: Met, operation: str) -> str:
        if operation != "tenantSync" or not real(met) or met.members.get("flag") != 1:
            return ""
        if met.members["tenantId"] in known:
            return "000103"
        known.add(met.members["tenantId"])
        return ""

    return judge


@kit_mutant("repeat_refused", LIFE)
def deleted_is_unknown() -> Judge:
    """Deleting a missing row is an error."""
    known: set[object] = set()

    def judge(met: Met, operation: str) -> str:
        if operation != "tenantSync" or not real(met):
            return ""
        tenant = met.members.get("tenantId")
        if met.members.get("flag") == 0:
            if tenant not in known:
                return "000003"
            known.discard(tenant)
        elif tenant is not None:
            known.add(tenant)
        return ""

    return judge


@kit_mutant("repeat_refused", LIFE)
def departments_are_unique() -> Judge:
    known: set[tuple[object, object]] = set()

    def judge(met: Met, operation: str) -> str:
        if operation != "singleOrgSync" or not real(met) or met.members.get("flag") != 1:
            return ""
        key = (met.members.get("tenantId"), met.members.get("orgCode"))
        if key in known:
            return "000005"
        known.add(key)
        return ""

    return judge


@kit_mutant("repeat_refused", LIFE)
def all_departments_once() -> Judge:
    known: set[object] = set()

    def judge(met: Met, operation: str) -> str:
        if operation != "allOrgSync" or not real(met):
            return ""
        if met.members.get("tenantId") in known:
            return "000005"
        known.add(met.members.get("tenantId"))
        return ""

    return judge


@kit_mutant("repeat_refused", LIFE)
def users_are_unique() -> Judge:
    known: set[tuple[object, object]] = set()

    def judge(met: Met, operation: str) -> str:
        if operation != "authSync" or not real(met) or met.members.get("flag") != 1:
            return ""
        key = (met.members.get("tenantId"), str(met.members.get("userList")))
        if key in known:
            return "000005"
        known.add(key)
        return ""

    return judge


@kit_mutant("refuses_correct_request", LIFE)
def wants_an_instance() -> Judge:
    """instanceId is empty while a credential is applied for (§A.0)."""
    return lambda met, _: "000002" if real(met) and not met.members.get("instanceId") else ""


@kit_mutant("refuses_correct_request", LIFE, protocols=("joint_kit_v2",))
def knows_no_modification() -> Judge:
    """As in the first generation."""
    return lambda met, operation: "000002" if operation == "tenantSync" and met.members.get("flag") == 2 else ""


@kit_mutant("refuses_correct_request", LIFE, protocols=("joint_kit_v2",))
def knows_no_cancelled_authorisation() -> Judge:
    return lambda met, operation: "000002" if operation == "authSync" and met.members.get("flag") == 3 else ""


@kit_mutant("accepts_bad_value", SHAPE)
def any_flag_adds() -> Judge:
    return lambda met, _: "000000" if met.members.get("flag") == 9 else ""


@kit_mutant("test_flag_refused", DEBUG)
def lists_are_read_in_the_other_way() -> Judge:
    """An array where a text is expected, and the reverse: userList of the other generation."""
    return lambda met, operation: "000002" if operation == "authSync" else ""


@kit_mutant("refuses_long_body", WIRE)
def hundred_users_at_most() -> Judge:
    def judge(met: Met, operation: str) -> str:
        users = met.members.get("userList", [])
        found = json.loads(users) if isinstance(users, str) else users
        return "000002" if isinstance(found, list) and len(found) > 100 else ""

    return judge


@kit_mutant("delete_needs_instance", LIFE)
def deletes_of_living_instances_only() -> Judge:
    """Look for the instance before deleting anything (§A.5 says not to)."""
    return lambda met, _: "000003" if real(met) and met.members.get("instanceId") else ""


@mutant("enable_ignored", SHAPE, protocols=KITS, warned=True)
def everybody_is_enabled(folder: Path, protocol: str) -> Answering:
    """Read only name and role of a user (§A.7)."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        if b"maybe" in request.body and met.is_right:
            return met.says("000000")
        return seller.respond(request, now, nonce)

    return answering


@mutant("secret_not_decrypted", SECRETS, protocols=KITS, public_key=PUBLIC_KEY)
def keeps_secrets_as_they_come(folder: Path, protocol: str) -> Answering:
    """Unreadable secrets are only noticed when people sign in (§A.6)."""
    return any_seller(folder, protocol).respond


@mutant("not_found", SHAPE, DEBUG, protocols=KITS)
def paths_of_the_other_generation(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        if request.path.endswith("/allOrgSync"):
            return page(404, "Not Found")
        return seller.respond(request, now, nonce)

    return answering
