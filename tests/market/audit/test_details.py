"""Details of an audit entry: enough to reconstruct the act, and never a secret."""

from __future__ import annotations

import pytest
from django.forms import Form, PasswordInput
from django.urls import get_resolver

from tradepost.market.audit.details import HIDDEN, MAX_FIELDS, MAX_VALUE_LENGTH, details_of, is_secret, one_line
from tradepost.market.base.secrets import seal

SECRET_NAMES = (
    "password", "new_password1", "passwd", "passphrase", "pwd", "secret", "client_secret", "token", "authToken",
    "Authorization", "Body-Sign", "signature", "cookie", "credential", "sealed_access", "private_key", "signing_key", "key",
    "access_key", "apiKey", "api_key", "ak", "sk", "seller.sk", "smtp-key", "otp", "pin", "phone", "buyer_phone", "contact", "email",
)  # fmt: skip
PLAIN_NAMES = (
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


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secret_is_not_stored(name: str) -> None:
    assert details_of([(name, ["hunter2-hunter2"])]) == {name: HIDDEN}


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_plain_value_is_stored_as_typed(name: str) -> None:
    assert details_of([(name, ["spam"])]) == {name: "spam"}


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "-----BEGIN PRIVATE KEY-----",
        "https://someone:hunter2@example.com/hook",
    ],
)
def test_secret_value_under_a_plain_name_is_not_stored(value: str) -> None:
    assert details_of([("note", [value])]) == {"note": HIDDEN}


def test_sealed_value_is_not_stored() -> None:
    assert details_of([("value", [seal("hunter2")])]) == {"value": HIDDEN}


def test_form_token_is_omitted_and_a_file_is_stored_as_its_size() -> None:
    fields = [("csrfmiddlewaretoken", ["x" * 64]), ("kind", ["a", "b"]), ("empty", [""]), ("none", [])]
    assert details_of(fields, [("proof", 12)]) == {"kind": ["a", "b"], "files": {"proof": 12}}


def test_details_are_bounded_and_printable() -> None:
    details = details_of((f"f{n}", ["x" * 10_000] * 1000) for n in range(10_000))
    assert len(details) == MAX_FIELDS + 1
    assert all(len(text) == MAX_VALUE_LENGTH for value in details.values() if isinstance(value, list) for text in value)
    assert sum(len(one_line({name: value})) for name, value in details.items()) < 400_000
    assert details_of([("a\u202eb", ["gpj\u202e.exe\x00\x1b[2J"])]) == {"ab": "gpj.exe[2J"}


def test_password_fields_have_secret_names() -> None:
    """For every form of the console and of accounts with a password field."""
    get_resolver().url_patterns  # noqa: B018  # all forms are defined

    def below(form: type[Form]) -> list[type[Form]]:
        return [form, *(descendant for subclass in form.__subclasses__() for descendant in below(subclass))]

    hidden = {
        name
        for form in below(Form)
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, PasswordInput)
    }
    assert hidden
    assert [name for name in hidden if not is_secret(name)] == []
