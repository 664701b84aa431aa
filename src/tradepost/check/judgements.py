"""Rules for a single answer, as functions of the request and the answer. The checks of a run use them after a call; the
debugging page and the probes of a market use them for calls of its own gateway.

Each raises ``Failed`` or ``Warned`` with a diagnosis, or returns. None of them calls a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Encryption
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.text import Text
from tradepost.protocols.wire_fields import Breach, Field, violations
from tradepost.protocols.wire_json import NotJsonObject, load_object

from .answers import BOM, Answer, is_misspelt, unreadable_reason
from .body_coding import utf8_mistake
from .cipher_diagnosis import explain_secret
from .outcomes import Failed, Warned
from .signature_diagnosis import explain_body_sign

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .target import Target

RESULT_FIELDS = (Field("resultCode", 6), Field("resultMsg", 255))
"""resultMsg is optional in the table, but a body without it is refused as unreadable (saas-v2 §9)."""
SECRET_FIELDS = ("userName", "password")
"""Members of appInfo that some versions encrypt (saas-v1-license A1.4)."""
MAX_SECRETS = 100
"""Maximum values checked per member; a query has no more instances."""
MAX_SCANNED = 16_384
"""Bytes searched for details of the server: the expression takes quadratic time on a hostile body."""
MIN_KEY_LENGTH = 8
"""A shorter key may be part of an ordinary text."""

_BREACH_DIAGNOSES = {
    Breach.MISSING: "missing_field",
    Breach.TYPE: "wrong_type",
    Breach.LENGTH: "too_long",
    Breach.VALUE: "bad_field",
}
_DETAILS = re.compile(
    rb"Traceback \(most recent call last\)|\bat [a-z]\w*(?:\.\w+)+\([A-Za-z]\w*\.(?:java|kt):\d+\)"
    rb"|\.(?:py|go|php|rb)\W{1,6}(?:on )?line \d+|\.php\(\d+\)|\.(?:go|rb):\d+\b|\bat .+\.(?:js|ts|cs):(?:line )?\d+"
    rb"|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) [\w`\"*., ()]+ (?:FROM|VALUES|SET|WHERE)\b"
    rb"|\bgoroutine \d+ \[|SQLSTATE\[|\bORA-\d{5}|Duplicate entry '|duplicate key value violates|in your SQL syntax"
    rb"|\b(?:javax?|org|com|net)\.(?:[a-z_]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|\bSystem\.(?:\w+\.)*\w*Exception\b"
)

# --- the envelope ------------------------------------------------------------------------------------------------------


def content_type(answer: Answer) -> None:
    """Require ``application/json`` (saas-v2 §3.0)."""
    media_type = (answer.received.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        content_type_received = answer.received.header("Content-Type") or "none"
        raise Failed(
            "wrong_content_type",
            Text(en=f"Content-Type is {content_type_received}", zh=f"Content-Type为{content_type_received}"),
        )


def no_byte_order_mark(answer: Answer) -> None:
    if answer.received.body.startswith(BOM):
        raise Failed("bom", Text(en="the body starts with EF BB BF", zh="响应体以EF BB BF开头"))


def result(answer: Answer) -> None:
    """Require resultCode and resultMsg within their lengths."""
    message = (answer.members or {}).get("resultMsg")
    if isinstance(message, str) and not message.strip():
        # Optional, but a body without it is refused; blank messages are undocumented (saas-v2 §9).
        raise Warned("blank_message", Text(en="resultMsg is blank", zh="resultMsg为空"))
    expect_table(RESULT_FIELDS, answer, "missing_result")


def expect_strict_json(answer: Answer) -> None:
    """Require JSON that all readers parse equally."""
    try:
        load_object(answer.received.body)
    except NotJsonObject as error:
        # Up to here a lenient parser has read it.
        name = "duplicate_members" if "twice" in str(error) else utf8_mistake(answer.received.body) or "not_json"
        raise Failed(name, Text.same(str(error))) from None


# --- the fields --------------------------------------------------------------------------------------------------------


def expect_table(table: tuple[Field, ...], answer: Answer, missing: str = "missing_field") -> None:
    """Require the mandatory fields, types and lengths of the table. ``missing``: the diagnosis of a missing field."""
    for violation in violations(table, answer.members or {}):
        name = missing if violation.breach is Breach.MISSING else _BREACH_DIAGNOSES[violation.breach]
        if violation.breach is Breach.MISSING and is_misspelt(violation.path, answer.members or {}):
            name = "field_case"
        raise Failed(name, Text(en=str(violation), zh=f"{violation.path}：{violation.detail}"))


def expect_market_accepts(target: Target, command: Command, answer: Answer, key: str) -> None:
    """Apply the version's own reader last: a market refuses what it refuses."""
    outcome = target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
    fault = getattr(outcome, "fault", None)
    if fault is None:
        return
    detail = getattr(outcome, "detail", "")
    if str(fault) == "not_json":
        raise Failed(
            "duplicate_members" if "twice" in detail else unreadable_reason(answer.received), Text.same(detail)
        )
    names = {"missing_field": "missing_field", "other_instance": "other_instance"}
    name = "comma_in_id" if "comma" in detail else names.get(str(fault), "bad_field")
    raise Failed(name, Text.same(detail))


def expect_openable_addresses(answer: Answer) -> None:
    """Require that a browser can open every frontEndUrl."""
    for url in _addresses(answer.members):
        if not url.lower().startswith(("http://", "https://")):
            raise Warned("odd_url", Text(en=f"frontEndUrl is {excerpt(url)}", zh=f"frontEndUrl为{excerpt(url)}"))


def _addresses(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        url = value.get("frontEndUrl")
        if isinstance(url, str):
            yield url
        for member in value.values():
            yield from _addresses(member)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item)


# --- secrets -----------------------------------------------------------------------------------------------------------


def app_infos(answer: Answer) -> Iterator[Mapping[str, object]]:
    """Yield the access data of the answer as received."""
    members = answer.members or {}
    info = members.get("info")
    entries = [members, *(info if isinstance(info, list) else [])]
    for entry in entries:
        app = entry.get("appInfo") if isinstance(entry, dict) else None
        if isinstance(app, dict):
            yield app


def access_values(answer: Answer, name: str) -> list[str]:
    """Return the values of one member of the answer's access data."""
    return [text for app in app_infos(answer) if isinstance(text := app.get(name), str) and text]


def decryptable(answer: Answer, name: str, key: str) -> None:
    """Require that every value of this member can be decrypted with the strength named in the answer (saas-v1-license
    A1.4)."""
    strength = Encryption.AES128 if (answer.members or {}).get("encryptType") == "2" else Encryption.AES256
    for text in access_values(answer, name)[:MAX_SECRETS]:
        mistake = explain_secret(text, key, strength)
        if mistake:
            # Not quoted, since it may be a password in plain text.
            raise Failed(
                mistake,
                Text(en=f"{name} came with {len(text)} characters", zh=f"收到的{name}有{len(text)}个字符"),
            )


def hides_key(answer: Answer, key: str) -> None:
    if len(key.encode()) >= MIN_KEY_LENGTH and key.encode() in answer.received.raw:
        raise Failed("key_in_answer", Text(en="an answer holds the key", zh="有响应含有密钥"))


def shows_no_details(answer: Answer) -> None:
    """Refuse stack traces, SQL, and files of the server."""
    match = _DETAILS.search(answer.received.body[:MAX_SCANNED])
    if match:
        quotation = excerpt(match[0])
        raise Failed("details_in_answer", Text(en=f"an answer holds {quotation}", zh=f"有响应含有{quotation}"))


# --- the signature -----------------------------------------------------------------------------------------------------


def sign_mistake(answer: Answer, key: str, *, required: bool) -> str | None:
    """Return the diagnosis of a missing or wrong ``Body-Sign``. ``required``: whether the version requires it; an
    optional one must be valid if present."""
    if not required and answer.received.header("Body-Sign") is None:
        return None
    return explain_body_sign(answer, key)


def sign_failure(name: str, answer: Answer) -> Failed:
    """Return the failure with this name, describing the received header."""
    sent_header = next((f"{k}: {v}" for k, v in answer.received.headers if k.lower() == "body-sign"), "")
    if sent_header:
        return Failed(
            name, Text(en=f"{excerpt(sent_header, limit=160)} came", zh=f"收到{excerpt(sent_header, limit=160)}")
        )
    description = answer.describe()
    return Failed(name, Text(en=f"no header Body-Sign; {description.en}", zh=f"没有响应头Body-Sign；{description.zh}"))
