"""Pages that a walk over the links of all pages does not reach, and why."""

from __future__ import annotations

from collections.abc import Mapping

from tests.market import every_address as table

MAIL = "linked in a mail"
PROGRAM = "asked by programs, not read by people"
AFTER = "the answer to a form"
PICKER = "the list of a picker, which asks for it as somebody types"
WITHOUT_LINK: Mapping[str, str] = {
    "account/^confirm-email/(?P<key>[-:\\w]+)/$": MAIL,
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": MAIL,
    "account/login/code/confirm/": MAIL,
    "invitation/<str:token>/": MAIL,
    "demands/follow/<str:token>/": MAIL,
    "enterprise/join/<str:token>/": MAIL,
    "receivers/confirm/<str:token>/": MAIL,
    "t/<str:code>/password/address/<str:token>/": MAIL,
    "seller/join/<str:token>/": MAIL,
    "console/join/<str:token>/": MAIL,
    "letters/<str:code>/": "printed on a letter, for whom the buyer shows it to",
    "account/confirm-email/": AFTER,
    "account/inactive/": AFTER,
    **{f"account/oidc/{page}/": AFTER for page in ("connected", "ended", "failed", "sign-up")},
    "account/login/code/": AFTER,
    "account/privacy/": AFTER,
    "account/password/reset/done/": AFTER,
    "account/password/reset/key/done/": AFTER,
    "account/reauthenticate/": AFTER,
    "account/logout/": "signing out is a button in the top bar",
    "account/password/set/": "for accounts without a password, which this market does not have",
    "i18n/setlang/": "the language is chosen by a form",
    "unified-login/": "applications send people there",
    "products/<slug:slug>/picture.svg": "a picture",
    "favicon.ico": "a picture",
    "branding/<str:colour>.css": "a stylesheet",
    "enterprise/<slug:code>/pick/departments/": PICKER,
    "console/enterprises/<int:pk>/people/": PICKER,
    "api/openapi.json": PROGRAM,
    "orgid/openapi/v1/cas/p3/serviceValidate": PROGRAM,
    **{f"t/<str:code>/{path}": PROGRAM for path in (
        ".well-known/jwks.json", ".well-known/openid-configuration", "api/v1/cas/p3/serviceValidate", "api/v1/logout",
        "cas/login", "cas/logout", "cas/serviceValidate", "cas/p3/serviceValidate",
    )},
    **{f"t/<str:code>/sign-in/{path}": AFTER for path in ("", "password/", "second-step/", "set-up/")},
}  # fmt: skip
"""Pages that no page links to, and how people or programs reach them."""

POLLED = "loaded by its page while something runs"
IN_OTHER_STATES: Mapping[str, tuple[str, str]] = {
    "enterprise/<slug:code>/sign-ins/sign-ins.csv": ("storefront:enterprise_sign_ins_export", "somebody signed in"),
    "enterprise/<slug:code>/groups/<int:pk>/add/": ("storefront:enterprise_group_add", "a form refused somebody"),
    "seller/settlements/repay/": ("seller_center:repay", "a seller owes the market"),
    "services/<int:pk>/access/": ("storefront:access_live", POLLED),
    "orders/<str:number>/progress/": ("storefront:progress", POLLED),
    "seller/addresses/<int:pk>/live/": ("seller_center:address_live", POLLED),
    "seller/assets/<int:pk>/live/": ("seller_center:asset_live", POLLED),
    "seller/assets/versions/<int:pk>/live/": ("seller_center:asset_version_live", POLLED),
    "seller/cases/live/": ("seller_center:cases_live", POLLED),
    "seller/debug/<int:pk>/all/live/": ("seller_center:debug_all_live", POLLED),
    "seller/debug/<int:pk>/why/live/": ("seller_center:find_out_live", POLLED),
    "seller/debug/runs/<int:pk>/": ("seller_center:debug_run", POLLED),
    "seller/keys/signing/<str:interface_class>/live/": ("seller_center:key_live", POLLED),
    "seller/probes/<int:pk>/live/": ("seller_center:probes_live", POLLED),
    "seller/products/<int:pk>/submit/progress/": ("seller_center:product_submit_progress", POLLED),
    "seller/submissions/<int:pk>/progress/": ("seller_center:submission_progress", POLLED),
    "seller/web-checks/<int:pk>/live/": ("seller_center:web_check_live", POLLED),
    "console/clock/hands/": ("console:clock_hands", POLLED),
    "console/reconcile/live/": ("console:reconcile_live", POLLED),
}
"""Pages linked in a state that the market of the walk does not have: the name by which a template links them, and the
state."""

FOR_OTHERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("account/login/", "account/signup/"), frozenset({table.BUYER, table.OTHER_BUYER})),
    "seller/enter/": table.TRADE,
    "seller/membership/": table.SELLERS,  # readers of the members list find themselves in it
    "packages/alert/": frozenset({table.OTHER_BUYER}),
    "servers/images/new/<str:product_id>/": frozenset({table.OTHER_BUYER}),
    "seller/applications/new/": frozenset({table.VIEWER, table.OTHER_OWNER}),
    "seller/applications/<int:pk>/change/": frozenset({table.VIEWER}),
    "seller/applications/<int:pk>/move/": frozenset({table.VIEWER}),
    "seller/applications/<int:pk>/send-again/": frozenset({table.VIEWER}),
    "seller/company/draft/<slug:kind>/": frozenset({table.OTHER_OWNER}),
    **dict.fromkeys(("seller/products/new/", "seller/addresses/new/"), frozenset({table.VIEWER})),
    **dict.fromkeys(
        (f"seller/products/<int:pk>/{act}/" for act in ("submit", "restore", "delist")), frozenset({table.VIEWER})
    ),
    **dict.fromkeys(
        ("seller/settlements/invoices/apply/", "seller/settlements/open/", "seller/usage/chart/usage.csv"),
        frozenset({table.OTHER_OWNER}),
    ),
    "seller/usage/export/<str:what>.csv": frozenset({table.OTHER_OWNER}),
}
"""Pages that these roles may open but only others have links to: for these there is nothing to see or to change."""
