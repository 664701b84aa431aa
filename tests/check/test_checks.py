"""The catalogue of checks: enough of them, each with a unique name and texts in both languages."""

from __future__ import annotations

import re

import pytest

from tradepost.check import GROUPS, Options
from tradepost.check.checks import checks_for
from tradepost.check.diagnoses import NAMES, diagnosis
from tradepost.check.target import target_of
from tradepost.protocols import registry

ALL = sorted(registry.protocols())
CHINESE = re.compile("[\u4e00-\u9fff]")
CAMEL = re.compile("(?<![A-Za-z])[a-z]+(?:[A-Z][a-z0-9]*)+")
"""Names of fields and activities."""


def checks(name: str):
    return checks_for(target_of(name), Options(url="http://127.0.0.1/", protocol=name, key="k", load=True, restart="r"))


def test_there_are_more_than_150_checks_over_all_versions():
    assert len({check.check_id for name in ALL for check in checks(name)}) >= 150
    assert len(checks("saas_v2")) >= 80
    assert len(checks("saas_v1")) >= 60


@pytest.mark.parametrize("name", ALL)
def test_every_check_has_a_unique_name_a_group_a_section_and_texts(name):
    found = checks(name)
    assert len({check.check_id for check in found}) == len(found)
    for check in found:
        assert check.check_id.startswith(f"{check.group}."), check.check_id
        assert check.group in GROUPS
        assert re.search(r"^[a-z0-9-]+ §?[A-D0-9]", check.spec), (check.check_id, check.spec)
        assert CHINESE.search(check.title.zh), check.check_id
        assert CHINESE.search(check.expected.zh), check.check_id
        assert not CHINESE.search(check.title.en), check.check_id
        assert check.expected.en


def names_in(fields):
    for field in fields:
        yield field.name
        yield from names_in(field.members or ())


@pytest.mark.parametrize("name", ALL)
def test_check_names_only_fields_of_its_version(name):
    """Texts for a seller of SaaS 1.0 must not mention an orderLineId, nor those for codes an unknown activity."""
    target = target_of(name)
    tables = (*target.specification.requests.values(), *target.specification.answers.values())
    known = {field for table in tables for field in names_in(table)} | set(target.protocol.activities.values())
    known |= {"resultCode", "resultMsg", "instanceId", "businessId"}
    known |= {target.dialect.timestamp, target.dialect.token, target.dialect.nonce}
    for check in checks(name):
        for text in (check.title.en, check.title.zh, check.expected.en, check.expected.zh):
            assert set(CAMEL.findall(text)) <= known, (check.check_id, text)


def test_groups_run_in_order_and_leaks_are_checked_last():
    groups = [check.group for check in checks("saas_v2")]
    ordered = [group for group in GROUPS if group != "secrets"]
    assert list(dict.fromkeys(groups)) == [*ordered, "secrets"]


def test_request_is_repeated_after_more_than_ten_seconds():
    """The shortest default time to live of caches; a timestamp is fresh for sixty seconds (saas-v2 §2.4)."""
    assert Options(url="http://x/", key="k").replay_after > 10


@pytest.mark.parametrize("group", GROUPS)
def test_only_requested_groups_run(group):
    options = Options(url="http://127.0.0.1/", key="k", only=frozenset({group}))
    found = checks_for(target_of("saas_v2"), options)
    assert {check.group for check in found} == {group}


def test_long_and_disruptive_checks_run_on_request():
    plain = {check.check_id for check in checks_for(target_of("saas_v2"), Options(url="http://x/", key="k"))}
    assert "idempotency.restart" not in plain
    assert not any(name.startswith(("load.sustained", "load.creations")) for name in plain)
    every = {check.check_id for check in checks("saas_v2")}
    assert every - plain == {
        "idempotency.restart",
        *(f"load.{kind}_{number}" for kind in ("sustained", "creations") for number in (1, 10, 50)),
    }


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_mistake_has_texts_in_both_languages(name):
    found = diagnosis(name)
    assert found.name == name
    assert len(found.words.en) > 15
    assert not CHINESE.search(found.words.en)
    assert CHINESE.search(found.words.zh)


def test_unknown_mistake_is_rejected():
    with pytest.raises(KeyError):
        diagnosis("no_such_mistake")
