"""The page of a submission: its changes since the last rejection, prices as one table, stored verdicts, and the
decision in a dialog."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from tests.factories import make_operator
from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW
from tests.factories.publishable import ONCE, TRIAL, USAGE, drafted, may_publish, period, right_document, save_all
from tests.market.review.publishing import debugged, end_replay, pending, ready, submitted
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as sold
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Attribute, Document, Quantity, Sku, Spec, Value
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.review import decide, hand_in
from tradepost.market.review.models import Replay, Submission
from tradepost.market.web.price_table import price_table
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
AFTER = timedelta(minutes=1)


def console() -> Client:
    return enter(make_operator())


def page_of(client: Client, submission: Submission) -> str:
    answer = client.get(f"/console/reviews/{submission.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def resubmit(product: Product, change: Callable[[Document], Document]) -> Submission:
    """Submit the product again with this change of its draft."""
    draft = sold.load(drafts.open_draft(product, by=None, now=clock.now()).document)
    save_all(product, change(draft), by=owner_of(product.seller), now=clock.now())
    return pending(product, now=clock.now())


def reject_submission(product: Product, *, reason: str = "名称不符合要求。") -> Submission:
    sent = pending(product, now=clock.now())
    decide.reject(sent, reasons={"base": reason}, by=make_operator(), settings=config(), now=clock.now())
    sent.refresh_from_db()
    return sent


def test_only_differences_from_the_last_rejection_are_listed() -> None:
    product = ready()
    first = reject_submission(product)

    def corrected(document: Document) -> Document:
        base = replace(document.base, name=Text(zh="云账财务专业版", en="Cloud Ledger Pro"))
        spec = document.pricing.specs[0]
        price = replace(spec.skus[0].prices[0], amount=Decimal("100.5"))
        pricing = sold.Pricing(specs=(replace(spec, skus=(replace(spec.skus[0], prices=(price,)),)),))
        return replace(document, base=base, pricing=pricing)

    old = sold.load(first.document)
    corrected_submission = resubmit(product, corrected)
    answer = console().get(f"/console/reviews/{corrected_submission.pk}/")
    [comparison] = answer.context["comparisons"]
    assert (comparison.submission, comparison.since) == (first.pk, first.decided_at)
    changes = [(str(change.label), change.before.value, change.after.value) for change in comparison.changes]
    assert [(before, after) for _label, before, after in changes] == [
        (old.base.name.zh, "云账财务专业版"), (old.base.name.en, "Cloud Ledger Pro"),
        ("99.5; sold for 1, 3, 6", "100.5; sold for 1, 3, 6"),
    ]  # fmt: skip
    page = answer.content.decode()
    before_the_rest = page[page.index("Changes since the last rejection") : page.index('<details class="c-whole">')]
    assert "Many ledgers" not in before_the_rest, "what is equal is folded"
    assert "Many ledgers" in page, "and still there"
    assert f'href="/console/reviews/{first.pk}/"' in before_the_rest


def test_only_edited_lines_of_a_long_text_are_shown() -> None:
    product = ready()
    reject_submission(product)
    lines = "".join(f"<p>Line {n} of the guide.</p>" for n in range(20))
    second = rejected_again = resubmit(
        product, lambda document: replace(document, guide=sold.Guide(body=Text(zh=document.guide.body.zh, en=lines)))
    )
    decide.reject(second, reasons={"guide": "第 7 行有误。"}, by=make_operator(), settings=config(), now=clock.now())
    third = resubmit(
        product,
        lambda document: replace(
            document, guide=sold.Guide(body=Text(zh=document.guide.body.zh, en=lines.replace("Line 7 ", "Line seven ")))
        ),
    )
    page = page_of(console(), third)
    listed = page[page.index("Changes since the last rejection") : page.index('<details class="c-whole">')]
    assert "Line 7 of" in listed
    assert "Line seven of" in listed
    assert "Line 8 of" not in listed
    assert rejected_again.pk != third.pk


def test_withdrawn_correction_does_not_hide_the_rejection() -> None:
    product = ready()
    first = reject_submission(product)
    second = resubmit(product, lambda document: document)
    decide.withdraw(second, by=owner_of(product.seller), settings=config(), now=clock.now())
    third = resubmit(
        product,
        lambda document: replace(document, base=replace(document.base, summary=Text(zh="新的摘要。", en="New."))),
    )
    [comparison] = console().get(f"/console/reviews/{third.pk}/").context["comparisons"]
    assert comparison.submission == first.pk
    assert [change.after.value for change in comparison.changes] == ["新的摘要。", "New."]


def test_first_submission_has_no_comparison_and_is_open() -> None:
    page = page_of(console(), pending(ready()))
    assert "Changes since" not in page
    assert "c-whole" not in page


def test_labels_are_above_values_and_prices_are_one_table() -> None:
    seller = may_publish()
    users = Attribute(
        code="edition", name=Text(zh="版本", en="Edition"),
        values=(Value(code="team", name=Text(zh="团队版", en="Team")), Value(code="firm", name=Text(zh="企业版", en="Company"))),
    )  # fmt: skip
    counted = Quantity(name=Text(zh="用户数", en="Users"), least=5, most=200, step=5)
    spec = Spec(
        name=Text(zh="标准版", en="Standard"), attributes=(users,),
        skus=(
            Sku(values={"edition": "team"}, quantity=counted, prices=(period("month", "18"), period("year", "180"))),
            Sku(values={"edition": "firm"}, quantity=counted, prices=(period("month", "36"), TRIAL)),
        ),
    )  # fmt: skip
    product = drafted(seller, right_document(seller, spec))
    debugged(product, sold.load(drafts.open_draft(product, by=None, now=NOW).document))
    page = page_of(console(), pending(product))
    sections = page[page.index('id="d-base"') :]
    assert '<dl class="tp-labelled">' in sections
    table = sections[sections.index("tp-prices") :]
    table = table[: table.index("</table>")]
    assert re.findall(r"<th scope=\"col\">([^<]+)</th>", table) == [
        "Spec",
        "Quantity",
        "Monthly",
        "Yearly",
        "Free trial",
    ]
    assert table.count("<tr>") == 3, "a row for each SKU"
    assert re.findall(r"<strong>([^<]+)</strong>", table) == ["18 CNY", "180 CNY", "36 CNY", "14 days free"]
    assert "标准版 / Standard" in table
    assert "版本 / Edition: 团队版 / Team" in table


def test_every_price_of_a_document_is_in_its_table_once() -> None:
    spec = Spec(
        name=Text(zh="标准版", en="Standard"),
        skus=(Sku(prices=(period("month"), period("year", "950"), ONCE)), Sku(prices=(USAGE,))),
    )
    document = Document(product_type="SAAS", pricing=sold.Pricing(specs=(spec, replace(spec, key="other"))))
    with translation.override("en"):
        table = price_table(document, currency="CNY")
    amounts = [price.amount for row in table.rows for _way, prices in row.prices for price in prices]
    assert sorted(amounts) == sorted(
        ["99.5 CNY", "950 CNY", "500 CNY", "calls, calls: 0.0025 CNY, each hour, per usage record"] * 2
    )
    assert all(len(row.prices) == len(table.columns) for row in table.rows)


def test_verdict_of_the_decision_is_kept_when_jobs_and_calls_are_deleted() -> None:
    product = ready()
    sent = submitted(product, now=NOW)
    end_replay(now=NOW)
    sent.refresh_from_db()
    approve(sent)
    LeasedJob.objects.all().delete()
    answer = console().get(f"/console/reviews/{sent.pk}/")
    [verdict] = answer.context["verdicts"]
    assert (verdict.decides, verdict.replay.passed) == (True, True)
    assert "releaseInstance" in {case.activity for case in verdict.cases}
    page = answer.content.decode()
    assert "Verdict at the decision" in page
    assert "releaseInstance" in page


def test_later_replay_does_not_replace_the_verdict_of_the_decision() -> None:
    sent = pending(ready(), now=NOW)
    hand_in.restart_replay(sent, by="op@market.example", settings=config(), now=NOW)
    decide.reject(sent, reasons={"base": "名称不符。"}, by=make_operator(), settings=config(), now=NOW)
    end_replay(failing="releaseInstance", now=NOW + AFTER)
    later, deciding = console().get(f"/console/reviews/{sent.pk}/").context["verdicts"]
    assert (later.replay.passed, later.decides, later.replay.by) == (False, False, "op@market.example")
    assert (deciding.replay.passed, deciding.decides) == (True, True)
    assert "After the decision" in page_of(console(), sent)


def test_each_replay_is_kept_once_and_the_newest_applies_before_the_decision() -> None:
    sent = pending(ready(), now=NOW)
    hand_in.restart_replay(sent, by="op@market.example", settings=config(), now=NOW)
    end_replay(failing="newInstance", now=NOW + AFTER)
    assert [replay.passed for replay in Replay.objects.filter(submission=sent).order_by("pk")] == [True, False]
    newest, first = console().get(f"/console/reviews/{sent.pk}/").context["verdicts"]
    assert (newest.decides, newest.replay.passed, first.decides) == (True, False, False)
    assert "Approval needs a passed replay from the last" in page_of(console(), sent)


def test_replay_is_offered_only_if_cases_exist() -> None:
    sent = pending(ready())
    assert f"/console/reviews/{sent.pk}/replay/" in page_of(console(), sent)
    DebugCase.objects.all().delete()
    page = page_of(console(), sent)
    assert f"/console/reviews/{sent.pk}/replay/" not in page
    assert "There are no cases to replay." in page


def test_refused_rejection_keeps_its_input_and_changes_nothing() -> None:
    sent = pending(ready())
    client = console()
    too_long = "字" * 1001
    for typed, expected in (({}, ""), ({"reason_base": too_long, "reason_media": "图片不清晰。"}, "图片不清晰。")):
        answer = client.post(f"/console/reviews/{sent.pk}/reject/", typed)
        page = answer.content.decode()
        assert answer.status_code == 422
        dialog = page[page.index('id="c-reject"') :]
        assert "data-dialog-open" in dialog[: dialog.index(">")]
        assert expected in dialog
        assert 'role="alert"' in dialog
        assert typed.get("reason_base", "") in dialog
        sent.refresh_from_db()
        assert (sent.status, sent.reasons) == ("pending", {})


def test_refused_approval_leaves_the_reject_dialog_closed() -> None:
    sent = pending(ready())
    answer = console().post(f"/console/reviews/{sent.pk}/approve/", {"checklist": ["base"]})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "data-dialog-open" not in page
    assert re.search(r'value="base"\s+required\s+checked', page)
    sent.refresh_from_db()
    assert sent.status == "pending"
