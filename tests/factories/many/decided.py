"""Approvals, corrections, withdrawals, invitations, fee policies and providers, which operators decide."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from tradepost.market.approvals.models import Request
from tradepost.market.identity import sign_in_providers
from tradepost.market.identity.company_models import AgreementDraft
from tradepost.market.identity.members import hash_of
from tradepost.market.identity.models import OperatorInvitation, ProviderSignIn, SignInProvider
from tradepost.market.identity.opening_models import MarketInvitation
from tradepost.market.organisations import dissolution
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.models import Entry, Transfer
from tradepost.market.payments.withdrawal_models import Withdrawal
from tradepost.market.personal_data import erasure
from tradepost.market.personal_data.models import Erasure
from tradepost.market.settlement.models import FeeRule

from .insert import insert, text
from .shop import TOKEN
from .stories import Size

WAITING = 40
"""Requests without a decision and invitations without an answer, the same number in a market of any size."""
EACH = 20
"""Orders per row."""
TOPPED = 10**10
"""Minor units of the top-up of each buyer."""
DECIDED = (Request, Correction, Withdrawal, MarketInvitation)
OF_THE_OWNER = (SignInProvider, ProviderSignIn, FeeRule, OperatorInvitation, Erasure)


def decided(size: Size, now: datetime) -> None:
    """Insert one of each per ``EACH`` orders. Corrections reverse one cent of a top-up. ``fill`` creates the only open
    withdrawal, because it reserves its money."""
    of_each, ended = f"generate_series(1, {size.orders // EACH}) n", f"n <= {size.orders // EACH - WAITING}"
    at = (
        f"TIMESTAMPTZ '{now.isoformat()}' - ({size.orders // EACH} - n) * (interval '730 days' / {size.orders // EACH})"
    )
    insert(
        Request, of_each, id="n", act=text("top_up"), title=text("Top-up"), key="'top_up:B-' || n", about="'B-' || n", user_id="n",
        command="""jsonb_build_object('v', 1, 'user', n, 'minor', 6000000, 'currency', 'CNY', 'reference', 'B-' || n)""",
        amount_minor="6000000", currency=text("CNY"), asked_by_id=str(size.operator), asked_at=at, expires_at=f"{at} + interval '7 days'",
        status=f"CASE WHEN {ended} THEN (ARRAY['approved', 'rejected', 'withdrawn', 'expired'])[1 + mod(n, 4)] ELSE 'waiting' END",
        ended_at=f"CASE WHEN {ended} THEN {at} END",
    )  # fmt: skip
    insert(
        Withdrawal, of_each, id="n", number="'WD' || lpad(n::text, 14, '0')", amount_minor="1", currency=text("CNY"), holder="'王芳' || n",
        user_id=f"CASE WHEN mod(n, 100) = 1 THEN 1 ELSE 2 + mod(n, {size.buyers - 1}) END", bank=text("招商银行"), sealed_account=text(""),
        account_hint=text("1234"), requested_at=at, status="(ARRAY['paid', 'rejected', 'withdrawn', 'returned'])[1 + mod(n, 4)]",
        ended_at=at,
    )  # fmt: skip
    insert(
        MarketInvitation, of_each, id="n", side=text("buyer"), email="'invited' || n || '@many.example'", language=text("en"),
        token_hash=f"CASE WHEN n = {size.orders // EACH} THEN '{hash_of(TOKEN)}' ELSE md5('invited' || n) END", created_at=at,
        expires_at=f"{at} + interval '7 days'", status=f"CASE WHEN {ended} THEN 'withdrawn' ELSE 'sent' END",
    )  # fmt: skip
    _corrected(size, of_each, at)
    _of_the_owner(size, now)


def _corrected(size: Size, of_each: str, at: str) -> None:
    """Correct the top-ups of buyers from the second on. The keys of the transfers lie between those of ``rest``."""
    booked = f"{size.buyers} + 3 * {EACH} * n"
    account = f"{2 + size.sellers} + n"
    others = f"{of_each} WHERE n > 1"
    insert(
        Transfer, others, id=booked, reason=text("corrected"), reference="n || '-1'", actor=text("operator"), at=at
    )  # fmt: skip
    insert(
        Entry, f"{of_each} CROSS JOIN (VALUES (-1), (1)) AS side(sign) WHERE n > 1", id=f"2 * ({booked}) + (sign - 1) / 2", transfer_id=booked,
        account_id=f"CASE WHEN sign = -1 THEN {account} ELSE 1 END", amount_minor="sign",
        balance_after_minor=f"CASE WHEN sign = -1 THEN {TOPPED - 1}::bigint END",
        statement_kind="CASE WHEN sign = -1 THEN 'corrected' ELSE '' END", at=f"CASE WHEN sign = -1 THEN {at} END",
    )  # fmt: skip
    insert(
        Correction, others, id="n", transfer_id="n", number="1", booked_id=booked, account_before_id=account, account_id=account,
        minor_before=f"{TOPPED}::bigint", minor=f"{TOPPED - 1}::bigint", reason=text("x"), by_text=text("operator"), at=at,
    )  # fmt: skip


def _of_the_owner(size: Size, now: datetime) -> None:
    """Insert a provider that gave the owner the role, a draft, a fee policy in the future, an invited operator, and a
    buyer who leaves."""
    SignInProvider.objects.create(
        pk=1, slug="corp", name="Corp", issuer="https://id.many.example", client_id="market", sealed_secret="", created_at=now
    )  # fmt: skip
    ProviderSignIn.objects.create(
        pk=1, provider_id=1, user_id=size.operator, gives_role=True, sealed_refresh="x", confirmed_at=now
    )
    AgreementDraft.objects.create(
        kind="publish", text="约" * 100, text_en="z" * 100, change="x", saved_at=now, saved_by_id=size.operator
    )
    Erasure.objects.create(pk=1, user_id=2, asked_at=now, due_at=now)
    FeeRule.objects.create(
        pk=1, name="From 2099 on", share=Decimal("0.9"), starts=date(2099, 1, 1), created_by="operator", created_at=now
    )
    OperatorInvitation.objects.create(
        pk=1, email="finance@many.example", role="finance", token_hash=hash_of(TOKEN), invited_by_id=size.operator,
        created_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip


def facts_of_decided(size: Size) -> dict[str, str]:
    """Return values for the parts of their addresses."""
    newest = str(size.orders // EACH)
    open_one = Withdrawal.objects.get(status=Withdrawal.Status.REQUESTED)
    return {
        "approval": newest, "withdrawal": open_one.number, "withdrawal_key": str(open_one.pk), "provider": "1", "fee_rule": "1", "operator_invitation": "1",
        "operator_token": TOKEN, "market_invitation": newest, "market_token": TOKEN,
    }  # fmt: skip


def moments_of_decided(now: datetime) -> dict[str, list[tuple[str, dict[str, int], datetime]]]:
    """Return their timers, with the moments at which they do something."""
    return {
        sign_in_providers.TIMER: [("", {"sign_in": 1}, now)],
        erasure.DUE_TIMER: [("", {"erasure": 1}, now)],
        dissolution.DUE_TIMER: [("", {"enterprise": 2}, now + timedelta(days=1))],
    }
