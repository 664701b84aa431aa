"""Attribute management (business-rules §3.4): valid attributes, immutable parts, and copies in products."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tests.factories import NOW, make_attribute, make_number, make_seller
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog import attribute_templates as verbs
from tradepost.market.catalog.attribute_templates import AttributeData, Kind, read_template
from tradepost.market.catalog.models import AttributeTemplate
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
CHOICE = AttributeData(
    code="edition", name=Text(zh="版本", en="Edition"), kind=Kind.ENUM,
    values=(Text(zh="标准", en="Standard"), Text(zh="专业", en="Professional")),
)  # fmt: skip
NUMBER = AttributeData(code="users", name=Text(zh="用户数", en="Users"), kind=Kind.NUMBER, least=5, most=95, step=5)


def values(number: int) -> tuple[Text, ...]:
    return tuple(Text(zh=f"值{n}", en=f"Value {n}") for n in range(number))


VALID = {
    "a choice": CHOICE,
    "a number": NUMBER,
    "ten values": replace(CHOICE, values=values(10)),
    "one value": replace(CHOICE, values=values(1)),
    "one number alone": replace(NUMBER, least=7, most=7, step=1),
    "the code of an interface": replace(NUMBER, code="diskSize"),
    "a step that leaves the end out": replace(NUMBER, least=1, most=100, step=7),
}
INVALID = {
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


@pytest.mark.parametrize("name", VALID)
def test_valid_attribute_is_stored_as_written(name: str) -> None:
    """§3.4: enum and numeric; "≤10 values per attribute, CN + EN each"; "min, max, step"."""
    template = verbs.create_template(make_seller(), VALID[name], most=1, now=NOW)
    assert read_template(AttributeTemplate.objects.get()) == VALID[name]
    assert template.created_at == NOW


@pytest.mark.parametrize("name", INVALID)
def test_invalid_attribute_is_refused_beside_its_field_with_the_rule(name: str) -> None:
    attribute, fields = INVALID[name]
    findings = list(verbs.findings(attribute))
    assert [finding.field for finding in findings] == fields
    assert {finding.rule for finding in findings} == {"business-rules §3.4"}
    with pytest.raises(Refused) as refusal:
        verbs.create_template(make_seller(), attribute, most=1, now=NOW)
    assert refusal.value.field == fields[0]
    assert not AttributeTemplate.objects.exists()


def test_code_is_unique_in_a_company_and_attributes_are_limited() -> None:
    seller, other_seller = make_seller(), make_seller()
    verbs.create_template(seller, CHOICE, most=2, now=NOW)
    verbs.create_template(other_seller, CHOICE, most=2, now=NOW)
    with pytest.raises(Refused, match=r"attribute\.repeated"):
        verbs.create_template(seller, replace(CHOICE, code="Edition"), most=2, now=NOW)
    verbs.create_template(seller, NUMBER, most=2, now=NOW)
    with pytest.raises(Refused, match=r"attribute\.too_many"):
        verbs.create_template(seller, replace(NUMBER, code="devices"), most=2, now=NOW)
    assert AttributeTemplate.objects.filter(seller=seller).count() == 2


def test_values_and_range_may_change_but_not_the_step() -> None:
    """§3.4: "step never changes later"."""
    seller = make_seller()
    number = verbs.create_template(seller, NUMBER, most=9, now=NOW)
    verbs.change_template(number, replace(NUMBER, least=1, most=100, name=Text(zh="席位", en="Seats")))
    before = AttributeTemplate.objects.values().get()
    assert (before["name_en"], before["least"], before["most"], before["step"]) == ("Seats", 1, 100, 5)
    for changed, code in (
        (replace(NUMBER, step=10), "attribute.step"),
        (replace(NUMBER, code="seats"), "attribute.fixed"),
        (replace(CHOICE, code="users"), "attribute.fixed"),
        (replace(NUMBER, least=0), "attribute.least"),
    ):
        with pytest.raises(Refused, match=code):
            verbs.change_template(number, changed)
        assert AttributeTemplate.objects.values().get() == before


def test_attributes_are_found_by_kind_and_part_of_a_name() -> None:
    """§3.4: "search by type or fuzzy name"."""
    seller = make_seller()
    system, users = make_attribute(seller, code="platform"), make_number(seller, code="users")
    make_attribute(make_seller(), code="platform")

    def codes_found(**asked: str) -> set[str]:
        return {template.code for template in verbs.narrowed(seller, **asked)} | {
            preset.code for preset in verbs.presets(**asked)
        }

    presets = {"appName", "version", "os", "mode"}
    assert codes_found() == {system.code, users.code} | presets
    assert codes_found(kind="number") == {"users"}
    assert codes_found(search="作系") == {"platform", "os"}
    assert codes_found(search="USER") == {"users"}
    assert codes_found(search="100%_") == set()
    assert codes_found(kind="enum", search="users") == set()


def test_preset_attributes_are_available_to_every_seller() -> None:
    """§3.4: "appName, version, os, mode"."""
    seller = make_seller()
    attribute = make_attribute(seller)
    assert list(verbs.insertable(seller)) == [attribute.code, "appName", "version", "os", "mode"]
    verbs.delete_template(attribute)
    assert attribute.code not in verbs.insertable(seller)


def test_database_enforces_the_fields_of_a_kind() -> None:
    number = make_number(make_seller())
    for fields in ({"kind": "enum"}, {"least": None}, {"least": 96}, {"step": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AttributeTemplate.objects.filter(pk=number.pk).update(**fields)
