"""Text rules of products (business-rules §2.3, §2.7, §1.4): valid texts are never refused, invalid ones are refused
with their rule."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.catalog import right_texts as right
from tests.market.catalog import wrong_texts as wrong
from tests.market.catalog.right_products import NUMBER, products
from tradepost.market.base.findings import Finding
from tradepost.market.base.values import replace
from tradepost.market.catalog import rich_text
from tradepost.market.catalog.claims import claims
from tradepost.market.catalog.document import Base, Description, Document, Guide, Pricing, Spec
from tradepost.market.catalog.document_texts import texts_of
from tradepost.market.catalog.plain_text import MAX_LENGTH, plain
from tradepost.market.catalog.text_rules import MAX_FINDINGS_PER_RULE, CheckedText, Kind, check_texts
from tradepost.protocols.text import Text


def findings_of(kind: Kind, text: str, *, english: bool = False, rich: bool = False, pictures: int = 0, required: bool = False, min_length: int = 0,
          brand_allowed: bool = False) -> list[Finding]:  # fmt: skip
    checked_text = CheckedText(
        section="texts", field="field", kind=kind, text=text, english=english, rich=rich, pictures=pictures,
        required=required, least=min_length,
    )  # fmt: skip
    return check_texts([checked_text], link_hosts=right.GUIDE_HOSTS, brand_allowed=brand_allowed)


def codes(kind: Kind, text: str, **more: bool | int) -> list[str]:
    return [finding.code for finding in findings_of(kind, text, **more)]  # type: ignore[arg-type]


def test_valid_products_are_accepted() -> None:
    """Issue 9, 7: "100 right products of different shapes (generated) are all accepted: no false rejection"."""
    assert NUMBER >= 100
    refused = [
        (finding.field, finding.words)
        for product in products()
        for finding in check_texts(product, link_hosts=right.GUIDE_HOSTS)
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((Kind.NAME, text) for text in (*right.NAMES, *right.ENGLISH_NAMES)),
        *((Kind.SPEC_NAME, text) for text in right.SPEC_NAMES),
        *((kind, text) for text in right.SENTENCES for kind in (Kind.INTRODUCTION, Kind.HIGHLIGHT)),
        *((Kind.GUIDE, text) for text in right.GUIDES),
    ],
)
def test_valid_text_is_accepted(kind: Kind, text: str) -> None:
    assert findings_of(kind, text) == []


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        *((Kind.NAME, code, text) for code, text in wrong.NAMES),
        *((Kind.SPEC_NAME, code, text) for code, text in wrong.SPEC_NAMES),
        *((kind, code, text) for code, text in wrong.SENTENCES for kind in (Kind.INTRODUCTION, Kind.DESCRIPTION)),
        *((Kind.GUIDE, "text.link", text) for text in wrong.GUIDES),
    ],
)
def test_invalid_text_is_refused_with_its_rule(kind: Kind, code: str, text: str) -> None:
    rich = "<" in text
    caught = [finding for finding in findings_of(kind, text, rich=rich, pictures=1) if finding.code == code]
    assert caught, text
    assert all(
        (finding.section, finding.field, finding.rule) == ("texts", "field", "business-rules §2.3")
        for finding in caught
    )


def test_every_rule_catches_only_its_own_examples() -> None:
    for claim in claims():
        assert claim.wrong
        assert claim.right
        for text in claim.wrong:
            assert list(claim.found(plain(text))), text
        where = "text" if "text" in claim.where else "name"
        for text in claim.right:
            assert [hit for claim in claims() if where in claim.where for hit in claim.found(plain(text))] == [], text


def test_messages_name_the_finding_in_both_languages() -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            [finding] = findings_of(Kind.NAME, "云表单 13800138000")
        assert "13800138000" in str(finding.words)
        assert ("联系方式" in str(finding.words)) == (language == "zh-hans")


def test_authorised_brand_is_accepted() -> None:
    assert codes(Kind.NAME, "华为云表单", brand_allowed=True) == []


def test_english_name_has_english_letters() -> None:
    """§2.3: "CN and EN both"; bills show the English name."""
    assert codes(Kind.NAME, "云表单", english=True) == ["text.not_english"]
    assert codes(Kind.NAME, "云表单") == []
    assert codes(Kind.NAME, "Forms 云表单", english=True) == []


@pytest.mark.parametrize(
    ("expected", "text", "pictures", "rich"),
    [
        ([], "字" * 400, 0, False),
        (["text.too_short"], "字" * (399), 0, False),
        (["text.too_short"], "字 " * (399), 0, False),
        (["text.too_short"], "<p>" + "<b></b>" * 400 + "字</p>", 0, True),
        ([], "<p>" + "字" * 400 + "</p>", 0, True),
        ([], "短", 1, False),
        ([], "", 1, False),
        ([], "短", 5, False),
        (["text.pictures"], "短", 6, False),
        (["text.missing"], "  \n ", 0, False),
    ],
)
def test_description_has_enough_text_or_pictures(expected: list[str], text: str, pictures: int, rich: bool) -> None:
    """§2.3: "text only: ≥ 400 characters; pictures … up to 5"."""
    assert codes(Kind.DESCRIPTION, text, pictures=pictures, rich=rich, required=True, min_length=400) == expected


@pytest.mark.parametrize("html", wrong.SCRIPTS)
def test_active_content_is_refused_and_never_shown(html: str) -> None:
    assert "text.script" in codes(Kind.DESCRIPTION, f"<p>{'字' * 400}</p>{html}", rich=True)
    cleaned = rich_text.clean(html).lower()
    assert not any(
        word in cleaned for word in ("<script", "onerror", "onload", "onclick", "javascript:", "<iframe", "<base")
    )


@pytest.mark.parametrize("html", wrong.INERT)
def test_text_that_only_looks_active_is_accepted(html: str) -> None:
    assert rich_text.active(html) == []
    assert codes(Kind.DESCRIPTION, html, rich=True, pictures=1) == []


def test_profile_has_no_links() -> None:
    """§1.4: "no external links (form error)"."""
    profile = CheckedText(section="company", field="about", kind=Kind.PROFILE, text="我们的网站 https://seller.cn")
    [finding] = check_texts([profile], link_hosts=())
    assert (finding.code, finding.rule, finding.field) == ("text.link", "business-rules §1.4", "about")
    assert check_texts([profile]) == [], "links are checked only where allowed hosts are given"


def test_findings_of_one_rule_are_limited_per_field() -> None:
    claims_text = "。".join(f"我们是国内最大的{name}平台" for name in "甲乙丙丁戊己")
    assert len(findings_of(Kind.INTRODUCTION, claims_text)) == MAX_FINDINGS_PER_RULE


def test_texts_of_a_document_are_checked_with_their_fields() -> None:
    """The longer language of a description must be long enough (§2.3); a page shows it where the other is short."""
    document = Document(
        product_type="SAAS",
        base=Base(
            name=Text(zh="华为云表单", en="Forms"), summary=Text(zh="全网最低价！", en="Forms."),
            highlights=(Text(zh="价格面议。", en="Fast."),),
        ),
        description=Description(body=Text(zh=f"<p>{'字' * 400}</p>", en="<p>Short.</p><script>x</script>")),
        guide=Guide(body=Text(zh="登录 https://other.cn/", en="Sign in.")),
        pricing=Pricing(specs=(Spec(name=Text(zh="规格1", en="Standard")),)),
    )  # fmt: skip
    findings = check_texts(texts_of(document), link_hosts=right.GUIDE_HOSTS)
    assert [(finding.section, finding.field, finding.code) for finding in findings] == [
        ("base", "name.zh", "text.brand"),
        ("base", "summary.zh", "text.superlative"),
        ("base", "highlights.0.zh", "text.ask_for_price"),
        ("description", "body.en", "text.script"),
        ("guide", "body.zh", "text.link"),
        ("pricing", "specs.0.name.zh", "text.says_nothing"),
    ]
    short = replace(document, description=Description(body=Text(zh="短", en="Short.")))
    description_findings = [finding for finding in check_texts(texts_of(short)) if finding.section == "description"]
    assert [(finding.field, finding.code) for finding in description_findings] == [("body.en", "text.too_short")]


@given(st.text(max_size=300), st.sampled_from(list(Kind)), st.booleans())
def test_any_text_is_checked_without_an_error(text: str, kind: Kind, rich: bool) -> None:
    for finding in findings_of(kind, text, rich=rich, required=True):
        assert str(finding.words)
        assert finding.rule


@given(st.text(alphabet="<>/ab='\"\0\ufeff最好的第一 \n&;", max_size=300))
@settings(max_examples=200)
def test_any_markup_is_cleaned_without_an_error(html: str) -> None:
    findings_of(Kind.DESCRIPTION, html, rich=True)
    assert rich_text.active(rich_text.clean(html)) == []


@given(st.text(max_size=200))
def test_plain_text_is_unchanged(text: str) -> None:
    assert plain(plain(text)) == plain(text)


WORST_CASES = (
    "最" * MAX_LENGTH, "最好" * (MAX_LENGTH // 2), "第一" * (MAX_LENGTH // 2), "国内最强的" * (MAX_LENGTH // 5), "the best " * (MAX_LENGTH // 9), "a" * MAX_LENGTH,
    "contact us " * (MAX_LENGTH // 11), "1" * MAX_LENGTH, "- " * (MAX_LENGTH // 2), "www." * (MAX_LENGTH // 4), "https://" * (MAX_LENGTH // 8), "\ufdfa" * MAX_LENGTH,
    "a@" * (MAX_LENGTH // 2), "销量排名" * (MAX_LENGTH // 4), "价格请联系" * (MAX_LENGTH // 5), "+1 (" * (MAX_LENGTH // 4), "\u0301" * MAX_LENGTH, "最 " * (MAX_LENGTH // 2),
)  # fmt: skip


@pytest.mark.parametrize("text", WORST_CASES, ids=lambda text: text[:8])
@pytest.mark.parametrize("kind", [Kind.NAME, Kind.SPEC_NAME, Kind.DESCRIPTION, Kind.GUIDE])
def test_worst_case_text_is_checked_in_linear_time(text: str, kind: Kind) -> None:
    """A quadratic rule would take minutes for fifty thousand characters and hit the timeout."""
    findings_of(kind, text)


@pytest.mark.parametrize(
    "html", ["<div>" * 10_000, "<b><p>" * 5_000, "<a x='" * 8_000, "<" * MAX_LENGTH, "<p " * 16_000]
)
def test_slow_markup_is_refused_unread(html: str) -> None:
    assert codes(Kind.DESCRIPTION, html, rich=True, pictures=1) in (["text.markup"], [])
    assert rich_text.clean(html)


def test_overlong_text_is_refused_unread() -> None:
    assert codes(Kind.DESCRIPTION, "最好的软件" * MAX_LENGTH) == ["text.too_long"]
