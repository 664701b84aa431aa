"""Spellings of a person's texts by programs and people, and similar texts of others, which stay (opening.md §5)."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.market.personal_data.rich_buyer import make_workbook
from tradepost.market.base.file_search import PIECE_BYTES, holds_any
from tradepost.market.base.personal import Person
from tradepost.market.personal_data import sweep
from tradepost.market.personal_data.spellings import digits_of

NAME, CERTIFIED, STREET = "诸葛明月", "Zhuge Kongliang", "枫林路 77 号 3 单元"
EMAIL, PHONE = "zhu.ge+m@private.example", "+86 139-5550 1234"
PERSON = Person(
    pk=1, customer_id="7", email=EMAIL, name=NAME, certified_name=CERTIFIED, company="", phone=PHONE, addresses=(STREET,),
    phones=("021 6654 3210",),
)  # fmt: skip
PSEUDONYM = PERSON.pseudonym


def replaced(value: Any, *, named: bool = True) -> Any:
    return sweep.replace_needles(value, sweep.needles(PERSON, named=named), PSEUDONYM)


def in_token(text: str, before: str = "") -> str:
    """Put the text in the middle of a token: base64 of JSON, after any letters."""
    return base64.urlsafe_b64encode(json.dumps({"a": before, "sub": text}, ensure_ascii=False).encode()).decode()


WRITTEN: dict[str, tuple[str, str]] = {
    "in capitals": (f"to {EMAIL.upper()}.", f"to {PSEUDONYM}."),
    "a name beside Latin letters": (f"Mr{NAME}OK", f"Mr{PSEUDONYM}OK"),
    "a certified name": (f"payee {CERTIFIED},", f"payee {PSEUDONYM},"),
    "a postal address": (f"送至{STREET}", f"送至{PSEUDONYM}"),
    "JSON kept as text": (json.dumps({"n": NAME}), json.dumps({"n": PSEUDONYM})),
    "JSON in JSON": (json.dumps(json.dumps({"n": NAME})).replace("\\\\", "\\"), json.dumps(json.dumps({"n": PSEUDONYM}))),
    "a query": (f"?m={quote(EMAIL, safe='')}&n={quote(NAME)}", f"?m={PSEUDONYM}&n={PSEUDONYM}"),
    "a query in small letters": (f"?n={quote(NAME).lower()}", f"?n={PSEUDONYM}"),
    "a form": (f"a={quote_plus(STREET)}", f"a={PSEUDONYM}"),
    "a word behind an escape": (f"?to=%20{EMAIL}", f"?to=%20{PSEUDONYM}"),
    "HTML": (f"<p>{html.escape(NAME)} {''.join(f'&#{ord(one)};' for one in NAME)}</p>", f"<p>{PSEUDONYM} {PSEUDONYM}</p>"),
    "HTML in hex": ("".join(f"&#x{ord(one):X};" for one in NAME), PSEUDONYM),
    "an address in HTML": (EMAIL.replace("@", "&#64;").replace("+", "&#43;"), PSEUDONYM),
    "a header": (f"Authorization: Basic {base64.b64encode(f'{EMAIL}:secret'.encode()).decode()}", f"Authorization: Basic {PSEUDONYM}"),
    **{f"a token, {n} letters later": (f"x.{in_token(NAME, 'x' * n)}.y", f"x.{PSEUDONYM}.y") for n in range(3)},
    "the phone as it was typed": (f"call {PHONE}!", f"call {PSEUDONYM}!"),
    "without its country": ("call 13955501234", f"call {PSEUDONYM}"),
    "with blanks": ("139 5550 1234", PSEUDONYM),
    "with 0086": ("008613955501234", PSEUDONYM),
    "with a dash behind the country": ("+86-139-5550-1234", PSEUDONYM),
    "with brackets": ("(139) 5550.1234", f"({PSEUDONYM}"),
    "in a query": ("tel=%2B86139%205550%201234&", f"tel={PSEUDONYM}&"),
    "on an invoice": ("021-66543210", PSEUDONYM),
}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN)
def test_every_spelling_of_a_person_is_found(way: str) -> None:
    before, after = WRITTEN[way]
    assert replaced(before) == after
    assert replaced({before: [before, 7]}) == {after: [after, 7]}, "also as the key of a member"


TEXTS_OF_OTHERS = (
    "jan-zhu.ge+m@private.example, zhu.ge+m@private.example.org",
    "ajzhu.ge%2Bm%40private.example",
    "139555012345, 9113955501234, 1395550123",
    "order 2026139555012340001",
    "Zhuge Kongliangs, AZhuge Kongliang",
    "诸葛明",
    base64.b64encode("诸葛亮与明月".encode()).decode(),
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS_OF_OTHERS)
def test_similar_text_is_kept(text: str) -> None:
    assert replaced(text) == text


def test_names_and_postal_addresses_are_replaced_only_in_logs_and_messages() -> None:
    """They are not unique: a colleague has the same address."""
    text = f"{NAME}, {STREET}, {EMAIL}, {PHONE}"
    assert replaced(text, named=False) == f"{NAME}, {STREET}, {PSEUDONYM}, {PSEUDONYM}"


def test_short_words_are_no_names_and_short_names_are_not_searched_in_base64() -> None:
    person = Person(pk=1, customer_id="7", email="", name="Li", company="", phone="12", user_names=("明",))
    assert [needle.pattern.pattern for needle in sweep.needles(person, named=True)] == [
        "(?:(?<![A-Za-z0-9])|" + sweep._ESCAPE_BEFORE + ")Li(?![A-Za-z0-9])"
    ]
    assert sweep.replace_needles("TGk= Li", sweep.needles(person, named=True), "P") == "TGk= P"


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("+86 139-5550 1234", "13955501234"), ("0086 13955501234", "13955501234"), ("13955501234", "13955501234"),
        ("+49 151 2345678", "491512345678"), ("8621 6654 3210", "862166543210"),
    ],
)  # fmt: skip
def test_country_code_of_a_chinese_mobile_number_may_be_missing(phone: str, digits: str) -> None:
    assert digits_of(phone) == digits


@pytest.mark.parametrize(
    "content", [f"1,{NAME}\r\n".encode(), make_workbook(NAME), f"{'x' * (PIECE_BYTES - 5)}{NAME}".encode()]
)
def test_file_is_searched_raw_and_inside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert [holds_any(path, {text}) for text in (NAME, "诸葛孔亮", "")] == [True, False, False]
    assert not holds_any(tmp_path / "gone", {NAME})


def test_workbook_escapes_and_letter_case_are_handled(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make_workbook("Q&A <ann@x.example>"))
    assert holds_any(path, {"Q&A <ANN@X.example>"})
