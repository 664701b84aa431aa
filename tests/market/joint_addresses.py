"""Addresses of applications of enterprises, of seller A and buyer X: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_MEMBERS, BUYER, CHANGERS, OPERATOR, OWNER, SELLERS, Address, pages

ADMIN = frozenset({BUYER})
OPERATORS = frozenset({OPERATOR})
CREDENTIAL = {
    "name": "A new application", "mode": "sdk", "address": "1", "public_key": "no key", "login_kind": "shared",
    "login_url": "https://new.a.example/",
}  # fmt: skip


def _act(path: str, data: dict[str, str] | None = None, **kwargs: str) -> dict[str, Address]:
    parameters = {"code": "{enterprise}", "pk": "{joint_binding}", **kwargs}
    return {f"enterprise/<slug:code>/applications/{path}": Address(parameters, post=ADMIN, data=data or {})}


def _form(path: str, data: dict[str, str], **kwargs: str) -> dict[str, Address]:
    parameters = {"code": "{enterprise}", "pk": "{joint_binding}", **kwargs}
    return {f"enterprise/<slug:code>/applications/{path}": Address(parameters, get=ADMIN, post=ADMIN, data=data)}


OF_JOINT = {
    "enterprise/<slug:code>/applications/": pages(ADMIN, code="{enterprise}"),
    "enterprise/<slug:code>/applications/<int:pk>/": pages(ADMIN, code="{enterprise}", pk="{joint_binding}"),
    "enterprise/<slug:code>/applications/bind/<int:service>/": Address(
        {"code": "{enterprise}", "service": "{joint_service}"}, get=ADMIN, post=ADMIN
    ),
    **_form("<int:pk>/authorise/", {"people": "{enterprise_member}"}),
    **_act("<int:pk>/withdraw/", {"member": "{enterprise_member}"}),
    **_form("<int:pk>/groups/", {"group": "{enterprise_group}"}),
    **_act("<int:pk>/groups/withdraw/", {"group": "{enterprise_group}"}),
    **_form("<int:pk>/departments/", {"department": "{department}", "below": "on"}),
    **_act("<int:pk>/departments/withdraw/", {"department": "{department}"}),
    **_form("<int:pk>/fields/", {"confirmed": "yes"}),
    **_act("<int:pk>/restart/"),
    **_act("<int:pk>/unbind/"),
    "enterprise/<slug:code>/applications/restart/": Address({"code": "{enterprise}"}, post=ADMIN),
    "seller/applications/": pages(SELLERS),
    "seller/applications/new/": Address(get=SELLERS, post=CHANGERS, data=CREDENTIAL),
    "seller/applications/<int:pk>/": pages(A_MEMBERS, pk="{application}"),
    "seller/applications/<int:pk>/change/": Address(
        {"pk": "{application}"}, get=A_MEMBERS, post=frozenset({OWNER}), data=CREDENTIAL
    ),
    "seller/applications/<int:pk>/move/": Address(
        {"pk": "{application}"}, get=A_MEMBERS, post=frozenset({OWNER}), data={"address": "1"}
    ),
    "seller/applications/<int:pk>/secret/": Address({"pk": "{application}"}, post=frozenset({OWNER})),
    "seller/applications/<int:pk>/apply/": Address({"pk": "{application}"}, post=frozenset({OWNER})),
    "seller/applications/<int:pk>/account/": Address({"pk": "{application}"}, post=frozenset({OWNER})),
    "seller/applications/<int:pk>/restart/": Address({"pk": "{application}"}, post=frozenset({OWNER})),
    "seller/applications/retry/": Address(post=CHANGERS),
    "seller/applications/<int:pk>/send-again/": Address(
        {"pk": "{application}"}, get=A_MEMBERS, post=frozenset({OWNER})
    ),
    "console/bindings/": pages(OPERATORS),
    "console/bindings/<int:pk>/send-again/": Address({"pk": "{joint_binding}"}, get=OPERATORS, post=OPERATORS),
    "console/bindings/seller/<int:pk>/retry/": Address({"pk": "{seller}"}, post=OPERATORS),
    "console/bindings/<int:pk>/": pages(OPERATORS, pk="{joint_binding}"),
    "console/bindings/<int:pk>/restart/": Address({"pk": "{joint_binding}"}, post=OPERATORS),
    "console/bindings/<int:pk>/end/": Address({"pk": "{joint_binding}"}, post=OPERATORS),
}
MORE_OF_JOINT = {
    "enterprise/<slug:code>/applications/": ("after=100",),
    "enterprise/<slug:code>/applications/<int:pk>/": ("q=user7", "q=没有", "after=5000"),
    "seller/applications/<int:pk>/": ("after=100",),
    "console/bindings/": ("status=stopped", "q=many", "seller=1", "after=100"),
}  # fmt: skip
"""Other queries of these lists."""
