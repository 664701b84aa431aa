"""Parts of the small market of ``world``: statements, an enterprise, and web sites that were checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from tests import factories
from tests.factories import joint, organisations
from tests.factories.companies import owner_of
from tests.factories.delivered import delivered_product
from tests.factories.people import NOW
from tests.factories.products import MONTHLY
from tests.factories.settlement import make_fee_invoice, make_statement
from tests.factories.web_tasks import EXPIRED, checked, make_web_task
from tests.market.who_may import ANYBODY, BUYER, OPERATOR
from tradepost.market.app_keys.keys import create_key
from tradepost.market.app_keys.models import AppKey
from tradepost.market.applications.bind import bind_for_tests
from tradepost.market.applications.models import TenantBinding
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.auth_centre import signing_keys
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.secrets import seal
from tradepost.market.base.stored import dump
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.organisations import directory_tokens, groups
from tradepost.market.organisations.import_report import Report
from tradepost.market.organisations.invite import Terms, invite
from tradepost.market.organisations.members import Person, remove
from tradepost.market.organisations.models import Enterprise, ImportRun, PasswordFile
from tradepost.market.review import appeals
from tradepost.market.web_scan.models import WebScan


def settled_of(order: Order, owner: User, account: str) -> Mapping[str, str]:
    """Two statements of A, one of which is being paid, and an invoice over a fee that A asks the market's own seller for."""
    market = factories.make_seller(self_operated=True)
    open_one = make_statement(order, reason="why A does not agree")
    paying = make_statement(
        order, month=date(2026, 1, 1), number="JS2601PAYING", status="paying", sealed_account=seal(account)
    )
    invoice = make_fee_invoice(paying, market, owner)
    return {"statement": str(open_one.pk), "paying_statement": str(paying.pk), "fee_invoice": str(invoice.pk)}


def web_checked_of(seller: Seller, *, proof: str) -> tuple[WebScan, WebScan]:
    """Two web sites with a high finding each, against one of which the seller appeals."""
    sites = [make_web_task(seller, url) for url in ("https://web.a.example/", "https://shop.a.example/")]
    found = [replace(EXPIRED, where=f"the report of A alone {n}") for n in range(2)]
    runs = [checked(site, fault) for site, fault in zip(sites, found, strict=True)]
    whys = {runs[1].findings.get().fingerprint: "it was renewed"}
    appeals.appeal(runs[1], whys, [proof], by=owner_of(seller), settings=config(), now=NOW)
    return runs[0], runs[1]


def handed_over_of(seller: Seller, buyer: User) -> tuple[dict[str, str], Mapping[str, frozenset[str]]]:
    """Services that the marketplace delivers to X: an API with a key, a model file, and a container with its manifest."""
    cheap = replace(MONTHLY, amount=Decimal(1))
    api, model, container = (
        factories.make_subscription(
            factories.make_order(
                buyer, offer=factories.make_offer(delivered_product(kind, seller, price=price)), paid=True
            ),
            access=None,
        )
        for kind, price in (("API_GATEWAY", None), ("AI_ASSET", cheap), ("CONTAINER", cheap))
    )
    key = create_key(api, "what X uses the key for", by=buyer.email, now=NOW)
    file = AssetVersion.objects.get(asset__seller=seller, asset__kind="file")
    return {
        "api_service": str(api.pk), "app_key": str(AppKey.objects.get().pk), "model_service": str(model.pk),
        "model_file": file.sha256, "container_service": str(container.pk),
    }, {key.app_key: frozenset({BUYER}), key.secret: frozenset(), "what X uses the key for": frozenset({BUYER})}  # fmt: skip


def enterprise_of(buyer: User) -> tuple[dict[str, str], Mapping[str, frozenset[str]]]:
    """X's enterprise, with a member of whom only X and operators know, an invitation, a group and a table."""
    admin = organisations.make_admin(buyer, code="enterprise-of-x", name="X's own enterprise")
    department = organisations.make_department(admin, name="a department of X's")
    one = organisations.make_managed(admin, "known-to-x", name="somebody that X knows").member
    gone = organisations.make_managed(admin, "gone").member
    remove(gone, by=admin, now=NOW)
    group = groups.add(admin.enterprise, "a group of X's", by=admin, most=9, now=NOW)
    groups.put_in(group, [one.pk], by=admin, now=NOW)
    person = Person(name="invited by X", department=department.pk)
    terms = Terms(most=99, valid=timedelta(days=7))
    invited = invite(
        admin.enterprise, "colleague@x-company.example", "colleague", person, by=admin, terms=terms, now=clock.now()
    )
    run = ImportRun.objects.create(
        enterprise=admin.enterprise, by=buyer, file_name="a table of X's.csv", sha256="0" * 64, size=7, status="checked",
        report=dump(Report(new=1, last=2)), created_at=NOW,
    )  # fmt: skip
    file = PasswordFile.objects.create(
        enterprise=admin.enterprise, by=buyer, status="ready", created_at=NOW, until=clock.now() + timedelta(days=1)
    )
    token = directory_tokens.make(admin.enterprise, "a directory of X's", by=admin, most=3, now=NOW).token
    facts = {
        "directory_token": str(token.pk), "enterprise_public_id": one.public_id,
        "enterprise": admin.enterprise.code, "head_office": str(admin.department_id), "department": str(department.pk),
        "enterprise_member": str(one.pk), "enterprise_account": one.user_name, "removed_member": str(gone.pk),
        "enterprise_group": str(group.pk), "enterprise_invitation": str(invited.invitation.pk),
        "enterprise_token": invited.token, "import": str(run.pk), "password_file": str(file.pk),
        "enterprise_key": str(admin.enterprise_id),
    }  # fmt: skip
    secrets = {
        **dict.fromkeys((group.name, one.user_name, run.file_name, token.name), frozenset({BUYER})),
        one.name: frozenset({BUYER, OPERATOR}), invited.token: ANYBODY,
    }  # fmt: skip
    return facts, secrets


def joint_of(buyer: User, seller: Seller, facts: Mapping[str, str]) -> dict[str, str]:
    """An application of A's that X's enterprise uses, one of its services not bound, and a test enterprise of A's."""
    enterprise = Enterprise.objects.get(code=facts["enterprise"])
    application = joint.make_application(seller, multi_instance=True)
    services = [joint.make_joint_service(buyer=buyer, application=application) for _ in range(2)]
    binding = joint.make_binding(services[0], enterprise)
    of_tests = joint.make_enterprise(seller=seller, name="A's test enterprise")
    bind_for_tests(application, of_tests, rules=joint.sync_rules(), now=NOW)
    TenantBinding.objects.filter(pk=binding.pk).update(status="bound", tenant_acked="1", client_acked="1")
    signing_keys.ensure(every=timedelta(days=90), now=clock.wall())  # else the list of keys makes the first
    return {"application": str(application.pk), "joint_binding": str(binding.pk), "joint_service": str(services[1].pk)}
