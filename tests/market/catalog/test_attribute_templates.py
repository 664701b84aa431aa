"""Attribute management (business-rules §3.4): what an attribute may be, what never changes, and that products keep copies."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOW, make_attribute, make_number, make_seller
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog import attribute_templates as verbs
from tradepost.market.catalog.attribute_templates import Described, Kind, described
from tradepost.market.catalog.models import AttributeTemplate
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
CHOICE = Described(
    code="edition", name=Text(zh="版本", en="Edition"), kind=Kind.ENUM,
    values=(Text(zh="标准", en="Standard"), Text(zh="专业", en="Professional")),
)  # fmt: skip
NUMBER = Described(code="users", name=Text(zh="用户数", en="Users"), kind=Kind.NUMBER, least=5, most=95, step=5)


def values(number: int) -> tuple[Text, ...]:
    return tuple(Text(zh=f"值{n}", en=f"Value {n}") for n in range(number))


RIGHT = {
    "a choice": CHOICE,
    "a number": NUMBER,
    "ten values": replace(CHOICE, values=values(10)),
    "one value": replace(CHOICE, values=values(1)),
    "one number alone": replace(NUMBER, least=7, most=7, step=1),
    "the code of an interface": replace(NUMBER, code="diskSize"),
    "a step that leaves the end out": replace(NUMBER, least=1, most=100, step=7),
}
WRONG = {
    "eleven values": (replace(CHOICE, values=values(11)), ["values.0.zh"]),
    "no value": (replace(CHOICE, values=()), ["values.0.zh"]),
    "a value in one language": (replace(CHOICE, values=(Text(zh="标准", en=""),)), ["values.0.en"]),
    "two values alike": (
        replace(CHOICE, values=(Text(zh="甲", en="A"), Text(zh="甲", en="B"))), ["values.0.zh", "values.1.zh"]
    ),
    "two alike in English": (
        replace(CHOICE, values=(Text(zh="甲", en="A"), Text(zh="乙", en="A"))), ["values.0.en", "values.1.en"]
    ),
    "a name in one language": (replace(CHOICE, name=Text(zh="", en="Edition")), ["name.zh"]),
    "a long name": (replace(CHOICE, name=Text(zh="版" * 65, en="Edition")), ["name.zh"]),
    "a sign that nobody sees": (replace(CHOICE, name=Text(zh="版\0本", en="Edition")), ["name.zh"]),
    "no code": (replace(CHOICE, code=""), ["code"]),
    "a code that is none": (replace(CHOICE, code="版本"), ["code"]),
    "a code with an end of line": (replace(CHOICE, code="edition\n"), ["code"]),
    "the code of a preset": (replace(CHOICE, code="os"), ["code"]),
    "the same in capitals": (replace(CHOICE, code="APPNAME"), ["code"]),
    "no number": (replace(NUMBER, least=None), ["least"]),
    "nothing": (replace(NUMBER, least=0), ["least"]),
    "a step of nothing": (replace(NUMBER, step=0), ["step"]),
    "too many": (replace(NUMBER, most=1_000_001), ["most"]),
    "the other way round": (replace(NUMBER, least=10, most=5), ["most"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_kept_as_it_was_written(name: str) -> None:
    """§3.4: enum and numeric; "≤10 values per attribute, CN + EN each"; "min, max, step"."""
    made = verbs.create_template(make_seller(), RIGHT[name], most=1, now=NOW)
    assert described(AttributeTemplate.objects.get()) == RIGHT[name]
    assert made.created_at == NOW


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_beside_its_input_with_the_rule(name: str) -> None:
    wanted, fields = WRONG[name]
    found = list(verbs.findings(wanted))
    assert [each.field for each in found] == fields
    assert {each.rule for each in found} == {"business-rules §3.4"}
    with pytest.raises(Refused) as refused:
        verbs.create_template(make_seller(), wanted, most=1, now=NOW)
    assert refused.value.field == fields[0]
    assert not AttributeTemplate.objects.exists()


def test_a_code_stands_once_in_a_company_and_there_is_an_end_of_them() -> None:
    seller, other = make_seller(), make_seller()
    verbs.create_template(seller, CHOICE, most=2, now=NOW)
    verbs.create_template(other, CHOICE, most=2, now=NOW)
    with pytest.raises(Refused, match=r"attribute\.repeated"):
        verbs.create_template(seller, replace(CHOICE, code="Edition"), most=2, now=NOW)
    verbs.create_template(seller, NUMBER, most=2, now=NOW)
    with pytest.raises(Refused, match=r"attribute\.too_many"):
        verbs.create_template(seller, replace(NUMBER, code="devices"), most=2, now=NOW)
    assert AttributeTemplate.objects.filter(seller=seller).count() == 2


def test_values_and_range_change_the_step_never() -> None:
    """§3.4: "step never changes later"."""
    seller = make_seller()
    number = verbs.create_template(seller, NUMBER, most=9, now=NOW)
    verbs.change_template(number, replace(NUMBER, least=1, most=100, name=Text(zh="席位", en="Seats")))
    before = AttributeTemplate.objects.values().get()
    assert (before["name_en"], before["least"], before["most"], before["step"]) == ("Seats", 1, 100, 5)
    for wanted, code in (
        (replace(NUMBER, step=10), "attribute.step"),
        (replace(NUMBER, code="seats"), "attribute.fixed"),
        (replace(CHOICE, code="users"), "attribute.fixed"),
        (replace(NUMBER, least=0), "attribute.least"),
    ):
        with pytest.raises(Refused, match=code):
            verbs.change_template(number, wanted)
        assert AttributeTemplate.objects.values().get() == before


def test_they_are_found_by_kind_and_by_a_part_of_a_name() -> None:
    """§3.4: "search by type or fuzzy name"."""
    seller = make_seller()
    system, users = make_attribute(seller, code="platform"), make_number(seller, code="users")
    make_attribute(make_seller(), code="platform")

    def found(**asked: str) -> set[str]:
        return {each.code for each in verbs.narrowed(seller, **asked)} | {each.code for each in verbs.presets(**asked)}

    presets = {"appName", "version", "os", "mode"}
    assert found() == {system.code, users.code} | presets
    assert found(kind="number") == {"users"}
    assert found(search="作系") == {"platform", "os"}
    assert found(search="USER") == {"users"}
    assert found(search="100%_") == set()
    assert found(kind="enum", search="users") == set()


def test_the_four_that_are_preset_can_be_put_in_by_everybody() -> None:
    """§3.4: "appName, version, os, mode"."""
    seller = make_seller()
    own = make_attribute(seller)
    assert list(verbs.insertable(seller)) == [own.code, "appName", "version", "os", "mode"]
    verbs.delete_template(own)
    assert own.code not in verbs.insertable(seller)


def test_the_database_holds_what_a_kind_has() -> None:
    number = make_number(make_seller())
    for wrong in ({"kind": "enum"}, {"least": None}, {"least": 96}, {"step": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AttributeTemplate.objects.filter(pk=number.pk).update(**wrong)
