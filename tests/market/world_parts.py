"""Parts of the small market of ``world``: statements, an enterprise, checked web sites and others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from tests import factories
from tests.factories import joint, organisations
from tests.factories.approvals import make_approval, make_top_up, make_withdrawal
from tests.factories.companies import owner_of
from tests.factories.delivered import delivered_product
from tests.factories.exports import make_export
from tests.factories.people import NOW
from tests.factories.products import MONTHLY
from tests.factories.settlement import make_fee_invoice, make_statement
from tests.factories.web_tasks import EXPIRED, checked, make_web_task
from tests.market.who_may import ANYBODY, BUYER, OPERATOR
from tradepost.market.app_keys.keys import create_key
from tradepost.market.app_keys.models import AppKey
from tradepost.market.applications.bind import bind_test_enterprise
from tradepost.market.applications.models import TenantBinding
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.auth_centre import signing_keys
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.secrets import seal
from tradepost.market.base.stored import dump
from tradepost.market.base.values import replace
from tradepost.market.exports.models import PERSONAL_DATA
from tradepost.market.identity import agreement_drafts, market_invitations, operator_invitations
from tradepost.market.identity.models import Seller, SignInProvider, User
from tradepost.market.orders.models import Order
from tradepost.market.organisations import directory_tokens, groups
from tradepost.market.organisations.import_report import Report
from tradepost.market.organisations.invite import InvitationTerms, invite
from tradepost.market.organisations.members import Person, remove
from tradepost.market.organisations.models import Enterprise, ImportRun, PasswordFile
from tradepost.market.payments.corrections import Change, correct
from tradepost.market.review import appeals
from tradepost.market.settlement.models import FeeRule
from tradepost.market.web_scan.models import WebScan


def settled_of(order: Order, owner: User, account: str) -> Mapping[str, str]:
    """Make two statements of A, one of which is being paid, and a fee invoice that A requests from the market's own
    seller.
    """
    market = factories.make_seller(self_operated=True)
    open_one = make_statement(order, reason="why A does not agree")
    paying = make_statement(
        order, month=date(2026, 1, 1), number="JS2601PAYING", status="paying", sealed_account=seal(account)
    )
    invoice = make_fee_invoice(paying, market, owner)
    return {"statement": str(open_one.pk), "paying_statement": str(paying.pk), "fee_invoice": str(invoice.pk)}


def web_checked_of(seller: Seller, *, proof: str) -> tuple[WebScan, WebScan]:
    """Make two web sites with a high finding each; the seller appeals against one."""
    sites = [make_web_task(seller, url) for url in ("https://web.a.example/", "https://shop.a.example/")]
    faults = [replace(EXPIRED, where=f"the report of A alone {n}") for n in range(2)]
    runs = [checked(site, fault) for site, fault in zip(sites, faults, strict=True)]
    reasons = {runs[1].findings.get().fingerprint: "it was renewed"}
    appeals.appeal(runs[1], reasons, [proof], by=owner_of(seller), settings=config(), now=NOW)
    return runs[0], runs[1]


def handed_over_of(seller: Seller, buyer: User) -> tuple[dict[str, str], Mapping[str, frozenset[str]]]:
    """Make services that the marketplace delivers to X: an API with a key, a model file, and a container with its
    manifest.
    """
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
    """Make X's enterprise, with a member known only to X and operators, an invitation, a group and a table."""
    admin = organisations.make_admin(buyer, code="enterprise-of-x", name="X's own enterprise")
    department = organisations.make_department(admin, name="a department of X's")
    member = organisations.make_managed(admin, "known-to-x", name="somebody that X knows").member
    removed = organisations.make_managed(admin, "gone").member
    remove(removed, by=admin, now=NOW)
    group = groups.add(admin.enterprise, "a group of X's", by=admin, most=9, now=NOW)
    groups.add_members(group, [member.pk], by=admin, now=NOW)
    person = Person(name="invited by X", department=department.pk)
    terms = InvitationTerms(most=99, valid=timedelta(days=7))
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
    token = directory_tokens.create(admin.enterprise, "a directory of X's", by=admin, most=3, now=NOW).token
    facts = {
        "directory_token": str(token.pk), "enterprise_public_id": member.public_id,
        "enterprise": admin.enterprise.code, "head_office": str(admin.department_id), "department": str(department.pk),
        "enterprise_member": str(member.pk), "enterprise_account": member.user_name, "removed_member": str(removed.pk),
        "enterprise_group": str(group.pk), "enterprise_invitation": str(invited.invitation.pk),
        "enterprise_token": invited.token, "import": str(run.pk), "password_file": str(file.pk),
        "enterprise_key": str(admin.enterprise_id),
    }  # fmt: skip
    secrets = {
        **dict.fromkeys((group.name, member.user_name, run.file_name, token.name), frozenset({BUYER})),
        member.name: frozenset({BUYER, OPERATOR}), invited.token: ANYBODY,
    }  # fmt: skip
    return facts, secrets


def joint_of(buyer: User, seller: Seller, facts: Mapping[str, str]) -> dict[str, str]:
    """Make an application of A that X's enterprise uses, with one service not bound, and a test enterprise of A."""
    enterprise = Enterprise.objects.get(code=facts["enterprise"])
    application = joint.make_application(seller, multi_instance=True)
    services = [joint.make_joint_service(buyer=buyer, application=application) for _ in range(2)]
    binding = joint.make_binding(services[0], enterprise)
    of_tests = joint.make_enterprise(seller=seller, name="A's test enterprise")
    bind_test_enterprise(application, of_tests, rules=joint.sync_rules(), now=NOW)
    TenantBinding.objects.filter(pk=binding.pk).update(status="bound", tenant_acked="1", client_acked="1")
    signing_keys.ensure_key(every=timedelta(days=90), now=clock.wall())  # otherwise the list of keys creates the first
    return {"application": str(application.pk), "joint_binding": str(binding.pk), "joint_service": str(services[1].pk)}


def invited_operator_of(by: User) -> dict[str, str]:
    """Make a pending invitation, a sign-in provider and a fee rule."""
    invited = operator_invitations.invite(
        "new-operator@market.example", "finance", by=by, valid=timedelta(days=7), now=clock.now()
    )
    provider = SignInProvider.objects.create(
        slug="corp", name="Corp", issuer="https://id.corp.example", client_id="market", sealed_secret=seal("the secret of Corp"),
        for_buyers=True, created_at=clock.now(),
    )  # fmt: skip
    rule = FeeRule.objects.create(
        name="Everybody from 2099 on",
        share=Decimal("0.9"),
        starts=date(2099, 1, 1),
        created_by=by.email,
        created_at=clock.now(),
    )
    return {
        "fee_rule": str(rule.pk),
        "provider": str(provider.pk),
        "operator_invitation": str(invited.invitation.pk),
        "operator_token": invited.token,
    }


def opening_of(by: User) -> dict[str, str]:
    """Make a draft of an agreement, and an invitation to register."""
    agreement_drafts.save("publish", text="z" * 100, text_en="z" * 100, change="x", revision=0, by=by, now=NOW)
    invited = market_invitations.invite(
        "buyer", "late@y-company.example", language="en", by=by, valid=timedelta(days=7), now=clock.now()
    )
    return {"market_invitation": str(invited.invitation.pk), "market_token": invited.token}


def money_of(buyer: User, by: User) -> dict[str, str]:
    """Make a booking, a corrected one, a buyer in debt, an act that waits for approval, a withdrawal, and a copy of
    data.
    """
    booking, withdrawal = make_top_up(buyer), make_withdrawal(buyer)
    change = Change(amount=Money.of(4, "CNY"), reason="typed wrong", seen=0)
    correct(make_top_up(buyer, "B-CORRECTED"), change, by=by, now=NOW)
    debtor = factories.make_buyer(email="debtor@y-company.example", balance="0")
    spent_booking = make_top_up(debtor, "B-SPENT")
    make_withdrawal(debtor)
    correct(spent_booking, replace(change, amount=Money(0, "CNY")), by=by, now=NOW)
    return {
        "booking": str(booking.pk), "approval": str(make_approval(buyer, factories.make_operator(now=NOW)).pk),
        "personal_export": str(make_export(buyer, PERSONAL_DATA, "").pk), "withdrawal": withdrawal.number, "withdrawal_key": str(withdrawal.pk),
    }  # fmt: skip
