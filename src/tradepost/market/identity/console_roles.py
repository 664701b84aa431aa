"""The authorisation table of the console: role × page × act.

Each URL name has a row: who reads it (GET) and who acts there (every other method). Owners may do everything; a name
without a row is theirs alone. ``web.console_access`` checks the table before each request, and notices to operators
go to those who may act."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from .operator_roles import Role

READING = frozenset({"GET", "HEAD", "OPTIONS"})
type Roles = frozenset[str]


class Row(Struct, frozen=True):
    """The roles besides owner that may read a page and that may act on it."""

    reads: Roles
    changes: Roles = frozenset()


def _roles(letters: str) -> Roles:
    return frozenset(_LETTERS[letter] for letter in letters)


_LETTERS: Mapping[str, str] = {
    "F": Role.FINANCE, "R": Role.REVIEWER, "S": Role.SERVICE, "U": Role.SUPPORT, "A": Role.AUDITOR,
}  # fmt: skip


def _pages(reads: str, *names: str, changes: str = "") -> dict[str, Row]:
    return dict.fromkeys(names, Row(_roles(reads), _roles(changes)))


def _changes(changes: str, *names: str) -> dict[str, Row]:
    return dict.fromkeys(names, Row(frozenset(), _roles(changes)))


ALL_ROLES = "FRSUA"
TRADE = "FSUA"
"""Roles that read buyers' orders and services: all except reviewers."""

PERMISSIONS: Mapping[str, Row] = {
    # For all roles
    **_pages(ALL_ROLES, "overview", "find", "queue", "queue_count", "queue_entry", "clock", "clock_hands", "notices"),
    **_changes("FRSU", "queue_assign", "queue_put_off", "queue_note"),
    **_changes(ALL_ROLES, "notices_read", "notice_open", "export_new", "export_delete"),
    **_pages(ALL_ROLES, "notice_settings", changes=ALL_ROLES),
    **_pages(ALL_ROLES, "exports", "export_file"),
    # Orders and services
    **_pages(TRADE, "orders", "order", "order_agreements", "order_explain", "services", "service", "service_explain"),
    **_pages(TRADE, "operations", "operation", "license_codes", "license_requests", "bindings", "binding"),
    **_changes("F", "order_pay_back"),
    **_changes("S", "operation_restart", "service_freeze", "service_lift", "service_release"),
    **_changes("S", "binding_restart", "binding_send_again", "bindings_retry", "binding_end"),
    **_pages(TRADE, "supervisions", "supervision", "supervision_file"),
    **_changes("S", "supervision_act", "supervision_decide"),
    **_pages(TRADE, "enterprises", "enterprise", "enterprise_people"),
    **_changes("U", "enterprise_appoint"),
    # Money
    **_pages(TRADE, "refunds", "refund", "invoices", "invoice", "transfers", "transfer"),
    **_changes("F", "refund_decide", "transfer_confirm", "transfer_reject"),
    **_changes("F", "invoice_review", "invoice_issue", "invoice_correct", "invoice_take_back", "invoice_decline"),
    **_pages("FUA", "invoice_file"),
    **_pages("FA", "settlements", "settlement", "settlement_export", "ledger", "ledger_sellers"),
    **_changes("F", "settlement_reissue", "settlement_again", "settlement_account", "settlement_wrong"),
    **_changes("F", "settlement_refuse", "settlement_pay"),
    **_pages("FA", "unmatched", "unmatched_one", "fees", "corrections", "booking", "debts"),
    **_changes("F", "booking_correct", "unmatched_bounce"),
    **_pages(TRADE, "withdrawals", "withdrawal"),
    **_changes(
        "F", "withdrawal_approve", "withdrawal_reject", "withdrawal_account", "withdrawal_pay", "withdrawal_return"
    ),
    **_pages(TRADE, "approvals", "approval"),
    **_changes("F", "approval_approve", "approval_reject"),
    **_changes("FSU", "approval_withdraw"),
    **_pages("F", "fee_new", changes="F"),
    **_changes("F", "fee_end", "fee_delete"),
    **_changes("F", "unmatched_record", "unmatched_assign", "unmatched_send_back"),
    **_pages(TRADE, "usage", "arrears", "charges", "charge"),
    # Demands and complaints
    **_pages("FRSUA", "demands", "demand", "complaints", "complaint"),
    **_pages("U", "demand_new", changes="U"),
    **_pages("U", "demand_products", "demand_sellers"),
    **_changes("U", "demand_mail_aside", "demand_answer", "demand_pass", "demand_close", "complaint_decide"),
    # Sellers and products
    **_pages(ALL_ROLES, "products", "product", "sellers", "seller", "categories", "synonyms", "agreements"),
    **_changes("R", "product_freeze", "product_unfreeze", "product_stop"),
    **_changes("R", "seller_suspend", "seller_resume", "seller_unlock"),
    **_pages("RA", "category", "synonym", "category_new", "synonym_new", changes="R"),
    **_changes("R", "category_move", "category_hide", "category_show", "category_delete", "synonym_delete"),
    **_pages(ALL_ROLES, "reviews", "review", "review_preview", "review_replay_live"),
    **_changes("R", "review_replay", "review_approve", "review_reject", "review_secret"),
    **_pages("RSA", "assets", "asset", "asset_file", "web_checks", "web_check"),
    **_pages("RSUA", "probes", "probe_run"),
    **_changes("RS", "probe_item_close"),
    **_pages(ALL_ROLES, "agreement", "agreement_preview"),
    # Accounts
    **_pages("A", "first_sale", "branding"),
    **_pages("UA", "registration"),
    **_pages("U", "registration_invite", changes="U"),
    **_changes("U", "registration_again", "registration_withdraw"),
    **_pages(TRADE, "accounts", "account"),
    **_pages("A", "operators"),
    **_pages("UA", "account_access"),
    **_changes("U", "account_lock", "account_unlock"),
    **_changes("F", "top_up"),
    **_changes("FU", "customer_level"),
    **_changes("U", "customer_type", "second_step_reset"),
    # Technology
    **_pages("SUA", "calls", "call", "reconcile", "reconcile_live", "deliveries", "delivery"),
    **_changes("S", "reconcile_compare", "reconcile_repair"),
    **_changes("SU", "delivery_retry"),
    **_pages("SA", "engine", "engine_figures", "leased_jobs"),
    **_changes("S", "leased_job_cancel"),
    **_pages("SUA", "servers", "server", "images", "image", "orphans"),
    **_changes(
        "S", "server_fault", "server_task_restart", "image_bind", "orphans_look", "orphan_keep", "orphan_release"
    ),
    # Oversight
    **_pages("A", "audit", "audit_entry"),
}
_OWNERS_ONLY = Row(frozenset())


def row_of(name: str) -> Row:
    return PERMISSIONS.get(name, _OWNERS_ONLY)


def is_permitted(role: str, name: str, method: str = "GET") -> bool:
    """Return whether an operator of this role may send such a request to this URL name of the console, without
    namespace."""
    if role == Role.OWNER:
        return True
    row = row_of(name)
    return role in (row.reads if method in READING else row.changes)


def roles_allowed(name: str, method: str = "GET") -> list[Role]:
    """Return the roles that may send such a request, in their order."""
    return [role for role in Role if is_permitted(role, name, method)]
