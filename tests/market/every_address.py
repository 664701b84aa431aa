"""Table of every address of the market: how to request A's object there, and who may. Used by test_every_address.py."""

from __future__ import annotations

from collections.abc import Mapping

from tests.market.account_addresses import ACCOUNT
from tests.market.api_addresses import OPEN_API
from tests.market.desk_addresses import OF_THE_DESK
from tests.market.enterprise_addresses import OF_ENTERPRISES
from tests.market.export_addresses import OF_EXPORTS
from tests.market.invoice_addresses import OF_INVOICES
from tests.market.joint_addresses import OF_JOINT
from tests.market.license_addresses import APIS_OF_LICENSES, OF_LICENSES
from tests.market.notice_addresses import OF_CONSOLE, OF_SELLERS, OF_STORE
from tests.market.operator_addresses import OF_OPERATORS
from tests.market.refund_addresses import OF_REFUNDS
from tests.market.renewal_addresses import OF_RENEWALS
from tests.market.server_addresses import OF_SERVERS
from tests.market.service_addresses import SERVICES
from tests.market.settlement_addresses import OF_SETTLEMENT
from tests.market.transfer_addresses import OF_TRANSFERS
from tests.market.usage_addresses import OF_USAGE
from tests.market.who_may import (
    A_MEMBERS,
    A_TRADE,
    ANYBODY,
    BUYER,
    CHANGERS,
    NOBODY,
    OPERATOR,
    OTHER_BUYER,
    OTHER_OWNER,
    OWNER,
    PERSONS,
    ROLES,
    SELLERS,
    STRANGER,
    TRADE,
    TRADER,
    VIEWER,
    Address,
    pages,
)

__all__ = [
    "ADDRESSES", "ANYBODY", "A_MEMBERS", "A_TRADE", "BUYER", "CHANGERS", "NOBODY", "OPERATOR", "OTHER_BUYER",
    "OTHER_OWNER", "OWNER", "PERSONS", "ROLES", "SELLERS", "STRANGER", "TRADE", "TRADER", "VIEWER",
    "Address", "pages",
]  # fmt: skip

ATTRIBUTE = {
    "code": "edition", "name.zh": "版本", "name.en": "Edition", "values.0.zh": "标准", "values.0.en": "Standard",
}  # fmt: skip
CHECKOUT = {"plan": "PERIOD-month", "periods": "1", "quantity": "1", "total": "10000", "agreed": "on"}
GROUP = {"name": "Support", "products": "none", "trade": "read", "tools": "none", "company": "none", "members": "none"}
ADDRESS = {"url": "http://127.0.0.1:9/moved", "protocol": "saas_v2"}
WEB_TASK = {
    "url": "https://new.a.example/", "contact_name": "沈清", "contact_mobile": "13912345678",
    "contact_email": "shen@a.example",
}  # fmt: skip

STOREFRONT = {
    "": pages(ANYBODY),
    "products/<slug:slug>/": pages(ANYBODY, slug="{slug}"),
    "products/<slug:slug>/picture.svg": pages(ANYBODY, slug="{slug}"),
    "sellers/<slug:seller_slug>/": pages(ANYBODY, seller_slug="{seller_slug}"),
    "compare/": pages(ANYBODY),
    "contact/": pages(ANYBODY),
    "checkout/<int:product_id>/": Address({"product_id": "{product}"}, get=PERSONS, post=PERSONS, data=CHECKOUT),
    "products/<slug:slug>/agreement/": pages(ANYBODY, slug="{slug}"),
    "agreements/": pages(PERSONS),
    "agreements/<slug:kind>/": pages(ANYBODY, kind="seller"),
    "orders/": pages(PERSONS),
    "orders/<str:number>/": pages(frozenset({BUYER}), number="{order}"),
    "orders/<str:number>/agreements/": pages(frozenset({BUYER}), number="{order}"),
    "orders/<str:number>/pay/": Address({"number": "{unpaid}"}, post=frozenset({BUYER})),
    "orders/<str:number>/cancel/": Address({"number": "{unpaid}"}, post=frozenset({BUYER})),
    "orders/<str:number>/progress/": pages(frozenset({BUYER}), number="{order}"),
    **OF_RENEWALS,
    **OF_REFUNDS,
    **OF_EXPORTS,
    **OF_USAGE,
    **OF_SERVERS,
    **OF_INVOICES,
    **OF_SETTLEMENT,
    **OF_THE_DESK,
    **OF_ENTERPRISES,
    **OF_JOINT,
    "notices/": pages(PERSONS),
    "notices/read/": Address(post=PERSONS),
    "notices/<int:pk>/open/": Address({"pk": "{notice}"}, post=frozenset({BUYER})),
    "profile/": Address(get=PERSONS, post=PERSONS, data={"name": "Z", "company": "", "phone": "", "language": "en"}),
}
SELLER_CENTER = {
    "seller/": pages(TRADE),
    "seller/switch/": Address(post=A_TRADE, data={"seller": "{seller}"}),
    "seller/orders/": pages(TRADE),
    "seller/orders/<str:number>/": pages(A_TRADE, number="{line}"),
    "seller/orders/<str:number>/agreement/": pages(A_TRADE, number="{line}"),
    "seller/operations/": pages(TRADE),
    "seller/operations/<int:pk>/": pages(A_TRADE, pk="{operation}"),
    "seller/operations/<int:pk>/restart/": Address({"pk": "{operation}"}, post=frozenset({OWNER, TRADER})),
    "seller/addresses/": pages(SELLERS),
    "seller/addresses/new/": Address(get=SELLERS, post=CHANGERS, data=ADDRESS),
    "seller/addresses/<int:pk>/": Address({"pk": "{address}"}, get=A_MEMBERS, post=frozenset({OWNER}), data=ADDRESS),
    "seller/addresses/<int:pk>/test/": Address({"pk": "{address}"}, post=frozenset({OWNER})),
    "seller/addresses/<int:pk>/live/": pages(A_MEMBERS, pk="{address}"),
    "seller/addresses/<int:pk>/delete/": Address({"pk": "{address}"}, post=frozenset({OWNER})),
    "seller/products/": pages(SELLERS),
    "seller/products/new/": Address(
        get=SELLERS, post=CHANGERS, data={"kind": "SAAS", "name.zh": "新商品", "name.en": "A new product"}
    ),
    "seller/products/<int:pk>/": pages(A_MEMBERS, pk="{product}"),
    "seller/products/<int:pk>/discard/": Address({"pk": "{product}"}, post=frozenset({OWNER})),
    "seller/products/<int:pk>/draft/<str:section>/": Address(
        {"pk": "{product}", "section": "guide"}, get=A_MEMBERS, post=frozenset({OWNER}), data={"seen": "0"}
    ),
    "seller/products/<int:pk>/preview/": pages(A_MEMBERS, pk="{product}"),
    "seller/products/<int:pk>/submit/": Address({"pk": "{product}"}, get=A_MEMBERS, post=frozenset({OWNER})),
    "seller/products/<int:pk>/submit/progress/": pages(A_MEMBERS, pk="{product}"),
    "seller/products/<int:pk>/submit/withdraw/": Address({"pk": "{product}"}),  # nothing is submitted
    "seller/products/<int:pk>/delist/": Address({"pk": "{product}"}, get=A_MEMBERS, post=frozenset({OWNER})),
    "seller/products/<int:pk>/controls/": pages(A_MEMBERS, pk="{product}"),
    "seller/products/<int:pk>/controls/visibility/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"what": "hide"}
    ),
    "seller/products/<int:pk>/controls/limit/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"spec": "product", "maximum": "5"}
    ),
    "seller/products/<int:pk>/controls/target/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"spec": "product", "audience": "companies"}
    ),
    "seller/products/<int:pk>/controls/stock/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"change": "5"}
    ),
    "seller/products/<int:pk>/rules/": pages(A_MEMBERS, pk="{product}"),
    "seller/products/<int:pk>/rules/add/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"source": "a", "target": "b"}
    ),
    "seller/products/<int:pk>/rules/<int:rule>/remove/": Address(
        {"pk": "{product}", "rule": "1"}, post=frozenset({OWNER})
    ),
    "seller/products/<int:pk>/bind/": Address(
        {"pk": "{product}"}, post=frozenset({OWNER}), data={"address": "{address}"}
    ),
    "seller/addresses/notices/<str:code>/": Address({"code": "SAAS"}, post=CHANGERS, data={"address": ""}),
    "seller/products/<int:pk>/notices/": Address({"pk": "{product}"}, post=frozenset({OWNER}), data={"address": ""}),
    "seller/products/<int:pk>/unbind/": Address({"pk": "{product}"}, post=frozenset({OWNER})),
    "seller/attributes/": pages(SELLERS),
    "seller/attributes/new/<str:kind>/": Address({"kind": "enum"}, get=CHANGERS, post=CHANGERS, data=ATTRIBUTE),
    "seller/attributes/<int:pk>/": Address(
        {"pk": "{attribute}"}, get=A_MEMBERS, post=frozenset({OWNER}), data=ATTRIBUTE
    ),
    "seller/attributes/<int:pk>/delete/": Address({"pk": "{attribute}"}, post=frozenset({OWNER})),
    "seller/assets/": pages(SELLERS),
    "seller/assets/new/": Address(post=CHANGERS, data={"kind": "package", "name": "Another agent"}),
    "seller/assets/<int:pk>/": pages(A_MEMBERS, pk="{asset}"),
    "seller/assets/<int:pk>/live/": pages(A_MEMBERS, pk="{asset}"),
    "seller/assets/<int:pk>/delete/": Address({"pk": "{asset}"}, post=frozenset({OWNER})),
    "seller/assets/<int:pk>/uploads/<int:upload>/give-up/": Address(
        {"pk": "{asset}", "upload": "{upload}"}, post=frozenset({OWNER})
    ),
    "seller/assets/versions/<int:pk>/": pages(A_MEMBERS, pk="{asset_version}"),
    "seller/assets/versions/<int:pk>/live/": pages(A_MEMBERS, pk="{asset_version}"),
    "seller/assets/versions/<int:pk>/file/": pages(A_MEMBERS, pk="{asset_version}"),
    "seller/assets/versions/<int:pk>/withdraw/": Address({"pk": "{asset_version}"}, post=frozenset({OWNER})),
    "seller/assets/versions/<int:pk>/appeal/": Address(
        {"pk": "{refused_version}"}, get=frozenset({OWNER}), post=frozenset({OWNER})
    ),
    "seller/assets/versions/<int:pk>/appeal/withdraw/": Address({"pk": "{appealed_version}"}, post=frozenset({OWNER})),
    "seller/domains/": Address(get=SELLERS, post=CHANGERS, data={"host": "new.a.example"}),
    "seller/domains/<int:pk>/": pages(A_MEMBERS, pk="{domain}"),
    "seller/domains/<int:pk>/live/": pages(A_MEMBERS, pk="{domain}"),
    "seller/domains/<int:pk>/check/": Address({"pk": "{domain}"}, post=frozenset({OWNER})),
    "seller/domains/<int:pk>/delete/": Address({"pk": "{domain}"}, post=frozenset({OWNER})),
    "seller/debug/": pages(SELLERS),
    "seller/debug/<int:pk>/": pages(A_MEMBERS, pk="{address}"),
    "seller/debug/<int:pk>/<str:activity>/": Address(
        {"pk": "{address}", "activity": "queryInstance"},
        get=A_MEMBERS,
        post=frozenset({OWNER}),
        data={"do": "debug", "instanceId": "i-1"},
    ),
    "seller/debug/<int:pk>/<str:activity>/<str:variant>/": Address(
        {"pk": "{address}", "activity": "queryInstance", "variant": "none"}
    ),
    "seller/debug/modes/": pages(SELLERS),
    "seller/debug/<int:pk>/all/": Address({"pk": "{address}"}, get=A_MEMBERS, post=frozenset({OWNER})),
    "seller/debug/<int:pk>/all/live/": pages(A_MEMBERS, pk="{address}"),
    "seller/debug/<int:pk>/all/stop/": Address({"pk": "{address}"}, post=frozenset({OWNER})),
    "seller/debug/<int:pk>/why/": Address({"pk": "{address}"}, get=A_MEMBERS, post=frozenset({OWNER})),
    "seller/debug/<int:pk>/why/live/": pages(A_MEMBERS, pk="{address}"),
    "seller/debug/<int:pk>/why/stop/": Address({"pk": "{address}"}, post=frozenset({OWNER})),
    "seller/debug/runs/<int:pk>/": pages(A_MEMBERS, pk="{run}"),
    "seller/cases/": pages(SELLERS),
    "seller/cases/live/": pages(SELLERS),
    "seller/cases/replay/": Address(post=frozenset({OWNER}), data={"case": "{case}"}),
    "seller/cases/stop/": Address(post=CHANGERS),
    "seller/cases/<int:pk>/delete/": Address({"pk": "{case}"}, post=frozenset({OWNER})),
    "seller/web-checks/": pages(SELLERS),
    "seller/web-checks/new/": Address(get=CHANGERS, post=CHANGERS, data=WEB_TASK),
    "seller/web-checks/<int:pk>/": pages(A_MEMBERS, pk="{web_task}"),
    "seller/web-checks/<int:pk>/live/": pages(A_MEMBERS, pk="{web_task}"),
    "seller/web-checks/<int:pk>/edit/": Address(
        {"pk": "{web_task}"}, get=frozenset({OWNER}), post=frozenset({OWNER}), data=WEB_TASK
    ),
    "seller/web-checks/<int:pk>/start/": Address({"pk": "{web_task}"}, post=frozenset({OWNER})),
    "seller/web-checks/<int:pk>/stop/": Address({"pk": "{web_task}"}, post=frozenset({OWNER})),
    "seller/web-checks/<int:pk>/delete/": Address({"pk": "{web_task}"}, post=frozenset({OWNER})),
    "seller/web-checks/reports/<int:pk>/": pages(A_MEMBERS, pk="{web_scan}"),
    "seller/web-checks/reports/<int:pk>/appeal/": Address(
        {"pk": "{web_scan}"}, get=frozenset({OWNER}), post=frozenset({OWNER})
    ),
    "seller/web-checks/reports/<int:pk>/withdraw/": Address({"pk": "{appealed_scan}"}, post=frozenset({OWNER})),
    "seller/keys/": pages(SELLERS),
    "seller/keys/signing/<str:interface_class>/": Address(
        {"interface_class": "license"}, post=CHANGERS, data={"replaces": ""}
    ),
    "seller/keys/signing/<str:interface_class>/try/": Address(
        {"interface_class": "base"}, post=frozenset({OWNER}), data={"address": "{address}"}
    ),
    "seller/keys/signing/<str:interface_class>/live/": Address({"interface_class": "base"}, get=SELLERS),
    "seller/keys/signing/<str:interface_class>/switch/": Address(
        {"interface_class": "base"}, post=CHANGERS, data={"key": "{staged_key}"}
    ),
    "seller/keys/signing/<str:interface_class>/discard/": Address(
        {"interface_class": "base"}, post=CHANGERS, data={"key": "{staged_key}"}
    ),
    "seller/keys/access/": Address(post=CHANGERS, data={"living": "{access_key}"}),
    "seller/keys/access/<str:access_key>/delete/": Address({"access_key": "{access_key}"}, post=frozenset({OWNER})),
    "seller/members/": pages(SELLERS),
    "seller/members/invite/": Address(
        get=CHANGERS, post=CHANGERS, data={"email": "somebody@new.example", "groups": "viewer"}
    ),
    "seller/members/leave/": Address(post=frozenset({VIEWER, TRADER, OWNER, OTHER_OWNER})),
    "seller/members/<int:pk>/": Address(
        {"pk": "{member}"}, get=A_MEMBERS, post=frozenset({OWNER}), data={"groups": "viewer"}
    ),
    "seller/members/<int:pk>/remove/": Address({"pk": "{member}"}, post=frozenset({OWNER})),
    "seller/members/<int:pk>/hand-over/": Address({"pk": "{member}"}, post=frozenset({OWNER})),
    "seller/members/invitations/<int:pk>/again/": Address({"pk": "{invitation}"}, post=frozenset({OWNER})),
    "seller/members/invitations/<int:pk>/withdraw/": Address({"pk": "{invitation}"}, post=frozenset({OWNER})),
    "seller/members/groups/new/": Address(get=CHANGERS, post=CHANGERS, data=GROUP),
    "seller/members/groups/<int:pk>/": Address(
        {"pk": "{group}"}, get=frozenset({OWNER}), post=frozenset({OWNER}), data=GROUP
    ),
    "seller/members/groups/<int:pk>/delete/": Address({"pk": "{empty_group}"}, post=frozenset({OWNER})),
    "seller/join/<str:token>/": Address({"token": "{token}"}, get=ANYBODY),
    "seller/notices/": pages(TRADE),
    "seller/notices/read/": Address(post=TRADE),
    "seller/notices/<int:pk>/open/": Address({"pk": "{notice}"}),
    "seller/probes/": pages(SELLERS),
    "seller/probes/<int:pk>/": pages(A_MEMBERS, pk="{product}"),
    "seller/probes/<int:pk>/live/": pages(A_MEMBERS, pk="{product}"),
    "seller/probes/<int:pk>/now/": Address({"pk": "{product}"}, post=frozenset({OWNER})),
    "seller/probes/runs/<int:pk>/": pages(A_MEMBERS, pk="{probe_run}"),
    "seller/products/<int:pk>/restore/": Address(
        {"pk": "{product}"}, get=A_MEMBERS, post=frozenset({OWNER}), data={"repaired": "The server is up."}
    ),
    "seller/messages/": pages(SELLERS),
    "seller/messages/<int:pk>/": pages(A_MEMBERS, pk="{call}"),
    "seller/messages/<int:pk>/live/": pages(A_MEMBERS, pk="{call}"),
    "seller/messages/<int:pk>/restart/": Address({"pk": "{call}"}, post=frozenset({OWNER})),
    "seller/pictures/": Address(post=CHANGERS, data={"field": "logo", "purpose": "company_logo"}),
    "seller/proofs/": Address(post=CHANGERS, data={"field": "proof", "kind": "SAAS", "proof": "software_copyright"}),
    "seller/enter/": Address(get=PERSONS, post=PERSONS),
    "seller/company/": pages(SELLERS),
    "seller/company/agreements/": pages(SELLERS),
    "seller/company/agreements/<slug:kind>/accept/": Address(
        {"kind": "seller"}, post=CHANGERS, data={"agreed": "on", "number": "1"}
    ),
    "seller/company/statement/": pages(SELLERS),
    "seller/company/draft/<slug:kind>/": Address(
        {"kind": "exit"}, get=CHANGERS, post=CHANGERS, data={"act": "save", "revision": "0", "reason": "tired"}
    ),
    "seller/company/draft/<slug:kind>/discard/": Address({"kind": "exit"}, post=frozenset({OWNER})),
    "seller/submissions/": pages(SELLERS),
    "seller/submissions/<int:pk>/": pages(A_MEMBERS, pk="{submission}"),
    "seller/submissions/<int:pk>/progress/": pages(A_MEMBERS, pk="{submission}"),
    "seller/submissions/<int:pk>/withdraw/": Address({"pk": "{submission}"}, post=frozenset({OWNER})),
    "seller/submissions/<int:pk>/correct/": Address({"pk": "{rejected}"}, post=frozenset({OWNER})),
    "seller/try/": pages(SELLERS),
    "seller/try/<int:pk>/": Address({"pk": "{subscription}"}, post=frozenset({OWNER}), data={"act": "freeze"}),
}
ONLY_OPERATORS = frozenset({OPERATOR})
CONSOLE = {
    "console/": pages(ONLY_OPERATORS),
    "console/orders/": pages(ONLY_OPERATORS),
    "console/orders/<str:number>/": pages(ONLY_OPERATORS, number="{order}"),
    "console/orders/<str:number>/agreements/": pages(ONLY_OPERATORS, number="{order}"),
    "console/orders/<str:number>/pay-back/": Address(
        {"number": "{order}"}, post=ONLY_OPERATORS, data={"reason": "agreed by telephone"}
    ),
    "console/probes/": pages(ONLY_OPERATORS),
    "console/probes/items/<int:pk>/close/": Address(
        {"pk": "{work_item}"}, post=ONLY_OPERATORS, data={"note": "agreed by telephone"}
    ),
    "console/probes/runs/<int:pk>/": pages(ONLY_OPERATORS, pk="{probe_run}"),
    "console/web-checks/": pages(ONLY_OPERATORS),
    "console/web-checks/<int:pk>/": pages(ONLY_OPERATORS, pk="{web_scan}"),
    "console/operations/": pages(ONLY_OPERATORS),
    "console/operations/<int:pk>/": pages(ONLY_OPERATORS, pk="{operation}"),
    "console/operations/<int:pk>/restart/": Address({"pk": "{operation}"}, post=ONLY_OPERATORS),
    "console/calls/": pages(ONLY_OPERATORS),
    "console/calls/<int:pk>/": pages(ONLY_OPERATORS, pk="{call}"),
    "console/engine/": pages(ONLY_OPERATORS),
    "console/engine/figures/": pages(ONLY_OPERATORS),
    "console/products/": pages(ONLY_OPERATORS),
    "console/products/<int:pk>/": pages(ONLY_OPERATORS, pk="{product}"),
    "console/products/<int:pk>/freeze/": Address({"pk": "{product}"}, post=ONLY_OPERATORS, data={"reason": "checked"}),
    "console/products/<int:pk>/unfreeze/": Address({"pk": "{product}"}, post=ONLY_OPERATORS),
    "console/products/<int:pk>/stop/": Address(
        {"pk": "{product}"}, post=ONLY_OPERATORS, data={"what": "product", "reason": "checked"}
    ),
    "console/sellers/": pages(ONLY_OPERATORS),
    "console/sellers/<int:pk>/": pages(ONLY_OPERATORS, pk="{seller}"),
    "console/sellers/<int:pk>/suspend/": Address(
        {"pk": "{seller}"}, post=ONLY_OPERATORS, data={"reason": "does not answer"}
    ),
    "console/sellers/<int:pk>/resume/": Address({"pk": "{seller}"}, post=ONLY_OPERATORS, data={"reason": "answers"}),
    "console/sellers/<int:pk>/unlock/": Address({"pk": "{seller}"}, post=ONLY_OPERATORS),
    "console/assets/": pages(ONLY_OPERATORS),
    "console/assets/<int:pk>/": pages(ONLY_OPERATORS, pk="{asset_version}"),
    "console/assets/<int:pk>/file/": pages(ONLY_OPERATORS, pk="{asset_version}"),
    "console/reviews/": pages(ONLY_OPERATORS),
    "console/reviews/<int:pk>/": pages(ONLY_OPERATORS, pk="{submission}"),
    # This submission has no product; these pages need one.
    "console/reviews/<int:pk>/preview/": Address({"pk": "{submission}"}),
    "console/reviews/<int:pk>/replay/": Address({"pk": "{submission}"}),
    "console/reviews/<int:pk>/replay/live/": Address({"pk": "{submission}"}),
    "console/reviews/<int:pk>/approve/": Address(
        {"pk": "{submission}"}, post=ONLY_OPERATORS, data={"checklist": "holder"}
    ),
    "console/reviews/<int:pk>/reject/": Address(
        {"pk": "{submission}"}, post=ONLY_OPERATORS, data={"reason_bank": "another name"}
    ),
    "console/reviews/<int:pk>/secret/<slug:field>/": Address(
        {"pk": "{submission}", "field": "sealed_account"}, post=ONLY_OPERATORS
    ),
    "console/agreements/": pages(ONLY_OPERATORS),
    "console/agreements/<slug:kind>/": Address(
        {"kind": "seller"},
        get=ONLY_OPERATORS,
        post=ONLY_OPERATORS,
        data={"change": "x", "text": "y" * 100, "text_en": "z" * 100, "revision": "0"},
    ),
    "console/agreements/<slug:kind>/preview/": pages(ONLY_OPERATORS, kind="publish"),
    "console/agreements/<slug:kind>/publish/": Address(
        {"kind": "publish"}, post=ONLY_OPERATORS, data={"revision": "0"}
    ),
    "console/agreements/<slug:kind>/discard/": Address(
        {"kind": "publish"}, post=ONLY_OPERATORS, data={"revision": "0"}
    ),
    "console/accounts/": pages(ONLY_OPERATORS),
    "console/accounts/<int:pk>/": pages(ONLY_OPERATORS, pk="{buyer}"),
    "console/accounts/<int:pk>/top-up/": Address(
        {"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"amount": "5", "reference": "B-1", "note": "", "confirmed": "1"}
    ),
    "console/accounts/<int:pk>/level/": Address(
        {"pk": "{buyer}"}, post=ONLY_OPERATORS, data={"level": "V3", "reason": "a good year"}
    ),
    "console/accounts/<int:pk>/second-step/": Address({"pk": "{buyer}"}, post=ONLY_OPERATORS),
    "console/deliveries/": pages(ONLY_OPERATORS),
    "console/deliveries/<int:pk>/": pages(ONLY_OPERATORS, pk="{mail}"),
    "console/deliveries/<int:pk>/retry/": Address({"pk": "{mail}"}, post=ONLY_OPERATORS),
    "console/jobs/": pages(ONLY_OPERATORS),
    "console/jobs/<int:pk>/cancel/": Address({"pk": "{leased job}"}, post=ONLY_OPERATORS),
    "console/notices/": pages(ONLY_OPERATORS),
    "console/notices/read/": Address(post=ONLY_OPERATORS),
    "console/notices/<int:pk>/open/": Address({"pk": "{notice}"}),
    "console/clock/": Address(get=ONLY_OPERATORS, post=ONLY_OPERATORS, data={"distance": "1h"}),
    "console/clock/hands/": pages(ONLY_OPERATORS),
}
OTHERS = {
    "favicon.ico": pages(ANYBODY),
    "i18n/setlang/": Address(get=ANYBODY, post=ANYBODY, data={"language": "en"}),
    "proofs/<str:sha256>/": pages(A_MEMBERS | ONLY_OPERATORS, sha256="{proof}"),
    "uploads/": Address(),  # only tus: other requests are refused; assets/test_uploads.py sends tus requests
    "uploads/<str:token>/": Address({"token": "{upload_token}"}),
    "branding/<str:colour>.css": pages(ANYBODY, colour="0d5c8f"),
    "pictures/<str:sha256>/<str:variant>.webp": pages(A_MEMBERS | ONLY_OPERATORS, sha256="{picture}", variant="card"),
    "metrics": pages(ONLY_OPERATORS),  # and requests on the market's own machine by its local name
}
ADDRESSES: Mapping[str, Address] = (
    STOREFRONT
    | SERVICES
    | OF_STORE
    | SELLER_CENTER
    | OF_SELLERS
    | CONSOLE
    | OF_CONSOLE
    | OF_OPERATORS
    | OF_TRANSFERS
    | OF_LICENSES
    | OPEN_API
    | APIS_OF_LICENSES
    | ACCOUNT
    | OTHERS
)
