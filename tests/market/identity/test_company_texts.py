"""Rules for the texts and fields of a company (business-rules §1.4): valid values pass, invalid ones are reported. Must show 6."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.companies import company
from tradepost.market.identity import companies, texts
from tradepost.market.identity.companies import EntryRules, check_company

RULES = EntryRules(least_staff=15, least_days=365, least_capital=500_000, own_host="market.example")
TODAY = date(2026, 3, 1)


def invalid_fields(**changes: str) -> set[str]:
    document = company(**({"logo": "a" * 64} | changes))
    return {each.field for each in check_company(document, RULES, today=TODAY)}


def test_valid_company_passes() -> None:
    assert invalid_fields() == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"about": "我们基于 ASP.NET 与 Node.js 3.5 开发，支持 TCP/IP、and/or 与 24/7 值守，服务过 500 强企业。"},
        {"about": "价格 < 10 万元且人数 > 5 的企业都可以使用，a < b 也没有问题，交付快。"},
        {"name": "深圳青榭.com软件有限公司", "about": "青榭.com 是我们的品牌，我们做协同办公软件已经很多年了。"},
        {"name_en": "Qingxie & Partners (Shenzhen) Co., Ltd."},
        {"contact_phone": "+86 755 1234 5678"}, {"service_phone": "400-800-1234 转 801"}, {"service_phone": "95598"},
        {"capital": "5,000,000"}, {"founded_on": "2025-03-01"}, {"staff": "15"}, {"capital": "500000"},
        {"service_from": "00:00", "service_until": "00:00", "service_days": "7"}, {"service_from": "20:00", "service_until": "04:00"},
        {"website": "https://www.qingxie.example/login-guide"}, {"website": "http://127.0.0.1:9/about"},
        {"market_name": "王", "market_phone": "13800000000", "market_email": "w@market.example"},
        {"district": ""}, {"registration_number": " 9144 0300-MA5000 0014 "},
    ],
    ids=str,
)  # fmt: skip
def test_valid_values_pass(changes: dict[str, str]) -> None:
    if "registration_number" in changes:
        from stdnum.cn import uscc

        body = "91440300MA5000001"
        changes = {"registration_number": f" 9144 0300-MA500 0001 {uscc.calc_check_digit(body)}"}
    assert invalid_fields(**changes) == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"about": "详见 ｈｔｔｐ：//evil.example 的介绍，我们的软件特别好用，欢迎来电。"}, "about"),
        ({"about": "详见 e\u200bvil.com/x 的介绍，我们的软件特别好用，欢迎来电咨询。"}, "about"),
        ({"about_en": "Write mailto:a@b.example or look at <img src=x onerror=alert(1)> for more."}, "about_en"),
        ({"about": "短"}, "about"), ({"name": "<b>公司</b>"}, "name"), ({"name_en": "青榭"}, "name_en"),
        ({"registration_number": "914403000000000001"}, "registration_number"),
        ({"founded_on": "2025-03-02"}, "founded_on"), ({"founded_on": "2026-03-02"}, "founded_on"), ({"founded_on": "0001-01-01"}, "founded_on"),
        ({"capital": "499999"}, "capital"), ({"capital": "-1"}, "capital"), ({"capital": "1e9"}, "capital"),
        ({"staff": "14"}, "staff"), ({"staff": "99999999999"}, "staff"),
        ({"website": "https://market.example/"}, "website"), ({"website": "https://a@b.example/"}, "website"),
        ({"website": "https://app.qingxie.example/user/login.html"}, "website"), ({"website": "javascript:alert(1)"}, "website"),
        ({"service_days": "4"}, "service_days"), ({"service_from": "25:00"}, "service_from"), ({"service_until": "17:00", "service_from": "09:01"}, "service_until"),
        ({"contact_phone": "12"}, "contact_phone"), ({"contact_email": "a@b"}, "contact_email"), ({"street": "x" * 201}, "street"),
    ],
    ids=str,
)  # fmt: skip
def test_invalid_values_are_reported_for_their_field(changes: dict[str, str], field: str) -> None:
    assert invalid_fields(**changes) == {field}


def test_all_missing_fields_are_reported() -> None:
    findings = list(check_company(companies.CompanyDocument(), RULES, today=TODAY))
    assert {each.field for each in findings} == set(companies.SECTION) - companies.OPTIONAL
    assert {each.rule for each in findings} == {"business-rules §1.4"}


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [((9, 0), (17, 0), 8), ((0, 0), (0, 0), 24), ((20, 0), (4, 0), 8), ((9, 30), (18, 0), 8.5)],
)
def test_hours_between_two_times(begins: tuple[int, int], ends: tuple[int, int], hours: float) -> None:
    assert companies.hours_between(time(*begins), time(*ends)) == hours


@given(st.text(max_size=300))
def test_no_text_breaks_the_rules(text: str) -> None:
    texts.find_link(text, allowed_text=text[:5])
    texts.has_markup(text)
    assert invalid_fields(**dict.fromkeys(companies.SECTION, text)) is not None


def test_long_text_is_checked_in_linear_time() -> None:
    for long_text in ("a." * 50_000, "<" * 100_000, "http:" * 20_000, "a-" * 50_000, "1" * 100_000):
        texts.find_link(long_text)
        texts.has_markup(long_text)
