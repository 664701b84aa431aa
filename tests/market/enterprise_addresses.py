"""Addresses of enterprises, of which X has founded one: a part of ``every_address``."""

from __future__ import annotations

from collections.abc import Mapping

from tests.market.who_may import ANYBODY, BUYER, OPERATOR, PERSONS, Address, pages

ADMIN = frozenset({BUYER})
OPERATORS = frozenset({OPERATOR})
PERSON = {"name": "Somebody", "role": "user", "department": "{head_office}"}


def _read(path: str, **kwargs: str) -> dict[str, Address]:
    return {f"enterprise/<slug:code>/{path}": Address({"code": "{enterprise}", **kwargs}, get=ADMIN)}


def _act(path: str, data: Mapping[str, str] | None = None, **kwargs: str) -> dict[str, Address]:
    return {f"enterprise/<slug:code>/{path}": Address({"code": "{enterprise}", **kwargs}, post=ADMIN, data=data or {})}


def _form(path: str, data: Mapping[str, str], **kwargs: str) -> dict[str, Address]:
    parameters = {"code": "{enterprise}", **kwargs}
    return {f"enterprise/<slug:code>/{path}": Address(parameters, get=ADMIN, post=ADMIN, data=data)}


def _of_directory(path: str, **kwargs: str) -> dict[str, Address]:
    """Programs call these addresses with a token; a session opens nothing."""
    return {f"t/<str:code>/scim/v2/{path}": Address({"code": "{enterprise}", **kwargs}, gateway=True)}


OF_ENTERPRISES: dict[str, Address] = {
    "enterprise/": Address(get=PERSONS),
    "enterprise/new/": Address(
        get=PERSONS, post=PERSONS, data={"name": "New", "code": "new-one", "person": "N", "user_name": "n"}
    ),
    "enterprise/join/<str:token>/": Address({"token": "{enterprise_token}"}, get=ANYBODY),
    **_read(""),
    "enterprise/<slug:code>/enter/": Address({"code": "{enterprise}"}, get=ANYBODY),  # redirects to the auth centre
    "enterprise/<slug:code>/exit/": Address({"code": "{enterprise}"}, post=ANYBODY),
    **_act("leave/"),
    **_form("settings/", {"name": "X's enterprise by another name"}),
    **_act("settings/second-step/", {"wanted": "yes"}),
    **_form("settings/directory/", {"name": "Okta"}),
    **_act("settings/directory/<int:pk>/revoke/", pk="{directory_token}"),
    **_act("dissolve/", {"typed": "{enterprise}", "password": "x"}),
    **_act("dissolve/agree/", {}),
    **_act("dissolve/keep/", {}),
    **_read("members/"),
    **_form("members/new/", {**PERSON, "user_name": "somebody"}),
    **_form("members/move/", {"people": "{enterprise_member}", "department": "{department}"}),
    **_form("departments/<int:pk>/move/", {"department": "{head_office}"}, pk="{department}"),
    **_read("pick/people/"),
    **_read("pick/departments/"),
    **_read("sign-ins/"),
    **_read("sign-ins/sign-ins.csv"),
    **_form("members/invite/", {**PERSON, "user_name": "invited", "email": "invited@new.example"}),
    **_act("members/passwords/", {"member": "{enterprise_member}"}),
    **_form("members/<int:pk>/", PERSON, pk="{enterprise_member}"),
    **_act("members/<int:pk>/disable/", pk="{enterprise_member}"),
    **_act("members/<int:pk>/enable/", pk="{enterprise_member}"),
    **_act("members/<int:pk>/remove/", pk="{enterprise_member}"),
    **_act("members/<int:pk>/restore/", {"department": "{head_office}"}, pk="{removed_member}"),
    **_act("members/<int:pk>/password/", pk="{enterprise_member}"),
    **_act("members/<int:pk>/second-step/", pk="{enterprise_member}"),
    **_act("invitations/<int:pk>/again/", pk="{enterprise_invitation}"),
    **_act("invitations/<int:pk>/withdraw/", pk="{enterprise_invitation}"),
    **_read("departments/"),
    **_form("departments/new/", {"name": "QA", "code": "QA", "parent": "{head_office}"}),
    **_form("departments/<int:pk>/", {"name": "QA", "parent": "{head_office}"}, pk="{department}"),
    **_act("departments/<int:pk>/remove/", pk="{department}"),
    **_form("groups/", {"name": "Another group"}),
    **_form("groups/<int:pk>/", {"name": "Another name"}, pk="{enterprise_group}"),
    **_form("groups/<int:pk>/add/", {"people": "{enterprise_member}"}, pk="{enterprise_group}"),
    **_act("groups/<int:pk>/out/", {"member": "{enterprise_member}"}, pk="{enterprise_group}"),
    **_act("groups/<int:pk>/remove/", pk="{enterprise_group}"),
    **_form("import/", {}),
    **_read("import/members.csv"),
    **_read("import/<int:pk>/", pk="{import}"),
    **_act("import/<int:pk>/confirm/", pk="{import}"),
    **_act("import/<int:pk>/drop/", pk="{import}"),
    **_act("import/<int:pk>/passwords/", pk="{import}"),
    **_act("passwords/"),
    **_read("passwords/<int:pk>/", pk="{password_file}"),
    **_act("passwords/<int:pk>/download/", {"format": "csv"}, pk="{password_file}"),
    **_act("passwords/<int:pk>/delete/", pk="{password_file}"),
    **_read("history/"),
    "console/enterprises/": pages(OPERATORS),
    "console/enterprises/<int:pk>/": pages(OPERATORS, pk="{enterprise_key}"),
    "console/enterprises/<int:pk>/people/": pages(OPERATORS, pk="{enterprise_key}"),
    "console/enterprises/<int:pk>/appoint/": Address(
        {"pk": "{enterprise_key}"}, post=OPERATORS, data={"person": "{enterprise_account}", "reason": "a letter"}
    ),
    **_of_directory("ServiceProviderConfig"),
    **_of_directory("ResourceTypes"),
    **_of_directory("ResourceTypes/<str:key>", key="User"),
    **_of_directory("Schemas"),
    **_of_directory("Schemas/<str:key>", key="urn:ietf:params:scim:schemas:core:2.0:Group"),
    **_of_directory("Users"),
    **_of_directory("Users/<str:key>", key="{enterprise_public_id}"),
    **_of_directory("Groups"),
    **_of_directory("Groups/<str:key>", key="{enterprise_group}"),
    **_of_directory("Bulk"),
    **_of_directory("Me"),
    **_of_directory(".search"),
    **_of_directory("Users/.search"),
    **_of_directory("Groups/.search"),
    **_of_directory(""),
    **_of_directory("<path:rest>", rest="Nothing"),
}
MORE_OF_ENTERPRISES = {
    "enterprise/<slug:code>/members/": (
        "q=user7", "q=员工7", "q=没有", "department={department}", "show=admins", "show=passwords", "show=removed",
        "department={department}&q=user7", "after={enterprise_member}",
    ),
    "enterprise/<slug:code>/groups/<int:pk>/": ("after=500",),
    "enterprise/<slug:code>/history/": ("after=100",),
    "enterprise/<slug:code>/pick/people/": (
        "field=people&multiple=1&find-people=user7", "field=people&multiple=1&find-people=员工7", "field=people",
        "field=people&of={department}", "field=people&find-people=a@b.example",
    ),
    "enterprise/<slug:code>/pick/departments/": ("field=department&find-department=D1",),
    "enterprise/<slug:code>/sign-ins/": (
        "q=user7", "member={enterprise_member}", "application={application}", "outcome=failed",
        "application={application}&outcome=failed", "member={enterprise_member}&outcome=failed",
        "from=2026-01-01&to=2026-12-31", "after=100",
    ),
    "console/enterprises/<int:pk>/people/": ("field=member&find-member=user7",),
    "console/enterprises/": ("q=many", "show=without", "after=100"),
}  # fmt: skip
"""Other queries of these lists."""
