"""The configuration of a market as a file (issue 28; opening.md §1)."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.factories import make_buyer, make_operator, make_seller
from tests.factories.branding import rename_market
from tests.factories.people import NOW
from tradepost.market import portable
from tradepost.market.approvals import limits
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.portable import Place
from tradepost.market.base.secrets import seal
from tradepost.market.branding.models import Branding
from tradepost.market.catalog import synonyms
from tradepost.market.catalog.models import Category, SynonymGroup
from tradepost.market.identity import agreement_drafts
from tradepost.market.identity.company_models import AgreementDraft
from tradepost.market.identity.models import SignInProvider, User
from tradepost.market.identity.opening_models import MarketOpening
from tradepost.market.settlement.models import FeeRule

pytestmark = pytest.mark.django_db
PLACE = Place(currency="CNY", files=config().files)
TEXT = "## 新的协议\n\n" + "本商店与商家的约定。" * 20


def configure(owner: User) -> None:
    rename_market(owner, pictures=True)
    parent = Category.objects.create(slug="robots", name="机器人", name_en="Robots", position=99, hidden=True)
    Category.objects.create(slug="arms", name="机械臂", name_en="Arms", parent=parent)
    synonyms.add(["机器人", "robot"])
    agreement_drafts.save("seller", text=TEXT, text_en=TEXT, change="new", revision=0, by=owner, now=NOW)
    MarketOpening.objects.update_or_create(pk=1, defaults={"sellers": "invited"})
    SignInProvider.objects.create(
        slug="corp", name="Corp", issuer="https://id.example", client_id="market", sealed_secret=seal("the secret of Corp"),
        for_operators=True, roles=[["acc", "finance"]], created_at=NOW,
    )  # fmt: skip
    FeeRule.objects.create(name="All", share=Decimal("0.9"), starts=date(2026, 1, 1), created_by="x", created_at=NOW)
    limits.set_limit(Money.of(777, "CNY"), reason="x", by=owner, now=NOW)


def reset_market() -> None:
    """Make the market new, except for its owner."""
    for model in (Branding, SynonymGroup, AgreementDraft, MarketOpening, SignInProvider, FeeRule):
        model.objects.all().delete()
    Category.objects.filter(slug="arms").delete()
    Category.objects.filter(slug="robots").delete()


def test_new_market_gets_the_exported_configuration() -> None:
    owner = make_operator()
    configure(owner)
    text = portable.export(PLACE)
    for secret in ("the secret of Corp", owner.email, "sealed_secret"):
        assert secret not in text
    reset_market()
    assert portable.load(text, place=PLACE, now=NOW) == [section.name for section in portable.SECTIONS]
    assert json.loads(portable.export(PLACE)) == json.loads(text)
    provider = SignInProvider.objects.get()
    assert (provider.enabled, provider.sealed_secret) == (False, "")
    assert agreement_drafts.draft_of("seller") is not None, "an operator publishes it"


def test_every_section_is_exported() -> None:
    names = [section.name for section in portable.SECTIONS]
    assert len(names) == len(set(names))
    assert set(json.loads(portable.export(PLACE))["sections"]) == set(names)


@pytest.mark.parametrize("who", ["buyer", "seller"])
def test_market_in_use_is_not_overwritten(who: str) -> None:
    make_operator()
    text = portable.export(PLACE).replace('"机器人"', '"x"')
    make_buyer() if who == "buyer" else make_seller()
    before = portable.export(PLACE)
    with pytest.raises(Refused) as refused:
        portable.load(text, place=PLACE, now=NOW)
    assert (refused.value.code, portable.export(PLACE)) == ("config.in_use", before)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: body.update(format="other"), "config.format"),
        (lambda body: body.update(version=2), "config.version"),
        (lambda body: body["sections"].update(later={}), "config.version"),
        (lambda body: body["sections"]["categories"].append({"slug": "x"}), "config.section"),
        (lambda body: body["sections"].update(registration={"buyers": "open"}), "config.section"),
        (lambda body: body["sections"].update(fee_policies=[{"name": "x"}]), "config.section"),
    ],
)
def test_invalid_file_changes_nothing(change: Any, code: str) -> None:
    make_operator()
    before = portable.export(PLACE)
    body = json.loads(before)
    change(body)
    with pytest.raises(Refused) as refused:
        portable.load(json.dumps(body), place=PLACE, now=NOW)
    assert (refused.value.code, portable.export(PLACE)) == (code, before)


def test_market_without_an_owner_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        portable.load(portable.export(PLACE), place=PLACE, now=NOW)
    assert refused.value.code == "config.no_owner"
