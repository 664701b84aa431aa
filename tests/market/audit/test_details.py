"""What an entry keeps of what was sent: enough to know what was done, and never a secret."""

from __future__ import annotations

import pytest
from django.forms import Form, PasswordInput
from django.urls import get_resolver

from tradepost.market.audit.details import HIDDEN, LONGEST, MOST_FIELDS, flat, is_secret, kept
from tradepost.market.base.secrets import seal

SECRET = (
    "password", "new_password1", "passwd", "passphrase", "pwd", "secret", "client_secret", "token", "authToken",
    "Authorization", "Body-Sign", "signature", "cookie", "credential", "sealed_access", "private_key", "signing_key", "key",
    "access_key", "apiKey", "api_key", "ak", "sk", "seller.sk", "smtp-key", "otp", "pin", "phone", "buyer_phone", "contact", "email",
)  # fmt: skip
PLAIN = (
    "reason",
    "reason_company",
    "amount",
    "keyword",
    "monkey",
    "skill",
    "designer",
    "status",
    "assignee",
    "opinion",
    "task",
)


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_is_not_kept(name: str) -> None:
    assert kept([(name, ["hunter2-hunter2"])]) == {name: HIDDEN}


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_none_is_kept_as_it_was_typed(name: str) -> None:
    assert kept([(name, ["spam"])]) == {name: "spam"}


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "-----BEGIN PRIVATE KEY-----",
        "https://someone:hunter2@example.com/hook",
    ],
)
def test_a_value_that_is_a_secret_is_none_of_a_field_with_a_plain_name(value: str) -> None:
    assert kept([("note", [value])]) == {"note": HIDDEN}


def test_what_the_market_sealed_is_not_kept() -> None:
    assert kept([("value", [seal("hunter2")])]) == {"value": HIDDEN}


def test_the_token_of_a_form_is_left_out_and_a_file_is_its_size() -> None:
    fields = [("csrfmiddlewaretoken", ["x" * 64]), ("kind", ["a", "b"]), ("empty", [""]), ("none", [])]
    assert kept(fields, [("proof", 12)]) == {"kind": ["a", "b"], "files": {"proof": 12}}


def test_it_is_bounded_and_printable() -> None:
    found = kept((f"f{n}", ["x" * 10_000] * 1000) for n in range(10_000))
    assert len(found) == MOST_FIELDS + 1
    assert all(len(one) == LONGEST for value in found.values() if isinstance(value, list) for one in value)
    assert sum(len(flat({name: value})) for name, value in found.items()) < 400_000
    assert kept([("a\u202eb", ["gpj\u202e.exe\x00\x1b[2J"])]) == {"ab": "gpj.exe[2J"}


def test_what_a_form_hides_while_it_is_typed_has_the_name_of_a_secret() -> None:
    """Every form of the console and of accounts that has a password's field."""
    get_resolver().url_patterns  # noqa: B018  # all forms are defined

    def below(form: type[Form]) -> list[type[Form]]:
        return [form, *(deep for one in form.__subclasses__() for deep in below(one))]

    hidden = {
        name
        for form in below(Form)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, PasswordInput)
    }
    assert hidden
    assert [name for name in hidden if not is_secret(name)] == []
