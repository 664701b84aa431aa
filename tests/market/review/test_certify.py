"""Business certification: sealed, compared with the company, locked after three refusals; and who may publish."""

from __future__ import annotations

import json

import pytest

from tests.factories.companies import admitted, approve, certification, certified, owner_of, send
from tests.factories.people import NOW, make_operator
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import agreements, certify, enter
from tradepost.market.identity.company_models import Certification
from tradepost.market.identity.models import Seller
from tradepost.market.review import decide, drafts
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
ACCOUNT = "6222020200112233445"


def drafted(seller: Seller, **other: str) -> Submission:
    begun = drafts.begin("certify", seller, by=owner_of(seller), now=NOW)
    return drafts.save(begun, certification(seller, **other), revision=begun.revision, now=NOW)


def test_bank_account_is_sealed_as_soon_as_it_is_entered() -> None:
    seller = admitted()
    draft = drafted(seller, sealed_account=f" {ACCOUNT[:4]} {ACCOUNT[4:]} ")
    assert ACCOUNT not in json.dumps(draft.document)
    assert draft.document["account_hint"] == "•••• 3445"
    assert unseal(draft.document["sealed_account"]) == ACCOUNT
    saved = drafts.save(draft, {"sealed_account": "", "bank": "工商银行"}, revision=draft.revision, now=NOW)
    assert unseal(saved.document["sealed_account"]) == ACCOUNT, "an empty field keeps the one that was typed"
    sent = send(saved)
    assert sent.status == "pending", "nothing else is to be checked"
    approve(sent)
    certification = Certification.objects.get(seller=seller)
    assert (certification.certified_at, certification.bank, unseal(certification.sealed_account)) == (
        NOW,
        "工商银行",
        ACCOUNT,
    )


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"account_holder": "王某某"}, "account_holder"),
        ({"sealed_account": "12345"}, "sealed_account"),
        ({"sealed_account": "6222-ABCD-0011"}, "sealed_account"),
        ({"taxpayer": "other"}, "taxpayer"),
        ({"taxpayer": "small", "tax_rate": "13"}, "tax_rate"),
        ({"tax_rate": "NaN"}, "tax_rate"),
        ({"tax_rate": "6E0"}, "tax_rate"),
        ({"tax_rate": "1E+999999"}, "tax_rate"),
        ({"tax_rate": "0_6"}, "tax_rate"),
        ({"finance_email": "finance"}, "finance_email"),
        ({"finance_name": ""}, "finance_name"),
        ({"bank": "<b>bank</b>"}, "bank"),
    ],
)
def test_invalid_value_is_refused_beside_its_field(other: dict[str, str], field: str) -> None:
    draft = drafted(admitted(), **other)
    with pytest.raises(Incomplete) as refused:
        send(draft)
    assert {finding.field for finding in refused.value.findings} == {field}
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_brackets_and_blanks_make_no_different_name() -> None:
    seller = admitted()
    Seller.objects.filter(pk=seller.pk).update(name="青榭（深圳）软件有限公司")
    assert send(drafted(Seller.objects.get(pk=seller.pk), account_holder="青榭(深圳) 软件有限公司")).status == "pending"


def test_three_refusals_lock_until_an_operator_unlocks() -> None:
    """business-rules §1.4 (7): three failed attempts lock the application."""
    seller, operator = admitted(), make_operator()
    for number in range(1, 4):
        rejected = decide.reject(
            send(drafted(seller)), reasons={"bank": "no proof"}, by=operator, settings=config(), now=NOW
        )
        assert Certification.objects.get(seller=seller).failures == number
        assert rejected.status == "rejected"
    assert Event.objects.filter(name="certification_locked").count() == 1
    with pytest.raises(Refused, match=r"certification\.locked"):
        drafts.begin("certify", seller, by=owner_of(seller), now=NOW)
    certify.unlock(seller)
    approve(send(drafted(seller)))
    assert Certification.objects.get(seller=seller).failures == 0
    with pytest.raises(Refused, match="not_locked"):
        certify.unlock(seller)


def test_withdrawal_is_no_failed_attempt() -> None:
    seller = admitted()
    decide.withdraw(send(drafted(seller)), by=owner_of(seller), settings=config(), now=NOW)
    assert not Certification.objects.filter(seller=seller).exists()


def test_who_may_publish() -> None:
    """business-rules §1.4 (7), §1.5, §2.3: active, certified, and what is in force accepted."""
    seller, operator = admitted(), make_operator()

    def lacking() -> list[str]:
        return [obstacle.field for obstacle in certify.publishing_obstacles(Seller.objects.get(pk=seller.pk), now=NOW)]

    assert lacking() == ["certification", "publish"], "the cooperation agreement was accepted at the entry"
    certified(seller)
    for agreement in agreements.agreements_to_accept(seller, now=NOW):
        agreements.accept(seller, agreement, by=owner_of(seller), now=NOW)
    assert lacking() == []
    latest = agreements.in_force("publish", now=NOW)
    assert latest is not None
    agreements.publish(
        "publish", text=latest.text + "\n\n新增。", text_en=latest.text_en, change="x", by=operator, now=NOW
    )
    assert lacking() == ["publish"]
    enter.suspend(Seller.objects.get(pk=seller.pk), reason="不答复", by=operator.email, now=NOW)
    assert lacking() == ["status", "publish"]
