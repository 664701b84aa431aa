"""What is right and wrong in one answer, as functions over what was asked and what came: the checks of a run ask and then
judge with these, the debugging page and the probes of a market judge with these what their own gateway received.

Each raises ``Failed`` or ``Warned`` with the name of the mistake, and returns when there is none. Nothing here asks a server.
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

from .answers import BOM, Answer, misspelt, unreadable
from .body_coding import not_utf8
from .cipher_diagnosis import explain_secret
from .outcomes import Failed, Warned
from .signature_diagnosis import explain_body_sign

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .target import Target

RESULT = (Field("resultCode", 6), Field("resultMsg", 255))
"""resultMsg is optional in the table, and a body without it is refused as unreadable all the same (saas-v2 §9)."""
SECRETS = ("userName", "password")
"""Members of appInfo that some versions encrypt (saas-v1-license A1.4)."""
MOST_SECRETS = 100
"""Values of one member that are looked at: a query asks for no more instances."""
LOOKED_THROUGH = 16_384
"""Bytes in which the server's inside is looked for: an expression takes a hostile body's square."""
SHORTEST_KEY = 8
"""A shorter one may be somebody's ordinary text."""

_BREACHES = {
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
    """``application/json`` (saas-v2 §3.0)."""
    media_type = (answer.received.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        came = answer.received.header("Content-Type") or "none"
        raise Failed("wrong_content_type", Text(en=f"Content-Type is {came}", zh=f"Content-Type为{came}"))


def no_byte_order_mark(answer: Answer) -> None:
    if answer.received.body.startswith(BOM):
        raise Failed("bom", Text(en="the body starts with EF BB BF", zh="响应体以EF BB BF开头"))


def result(answer: Answer) -> None:
    """ResultCode and resultMsg are there, and as long as they may be."""
    message = (answer.members or {}).get("resultMsg")
    if isinstance(message, str) and not message.strip():
        # Optional, though a body without it is refused; of a blank one no page speaks (saas-v2 §9).
        raise Warned("blank_message", Text(en="resultMsg is blank", zh="resultMsg为空"))
    keeps_table(RESULT, answer, "missing_result")


def strictly_json(answer: Answer) -> None:
    """Two readers cannot disagree about the body."""
    try:
        load_object(answer.received.body)
    except NotJsonObject as error:
        # Read by a lenient parser up to here.
        name = "duplicate_members" if "twice" in str(error) else not_utf8(answer.received.body) or "not_json"
        raise Failed(name, Text.same(str(error))) from None


# --- the fields --------------------------------------------------------------------------------------------------------


def keeps_table(table: tuple[Field, ...], answer: Answer, missing: str = "missing_field") -> None:
    """Mandatory fields are there, types and lengths as in the table. ``missing``: the diagnosis of one that is not."""
    for violation in violations(table, answer.members or {}):
        name = missing if violation.breach is Breach.MISSING else _BREACHES[violation.breach]
        if violation.breach is Breach.MISSING and misspelt(violation.path, answer.members or {}):
            name = "field_case"
        raise Failed(name, Text(en=str(violation), zh=f"{violation.path}：{violation.detail}"))


def read_as_a_market(target: Target, command: Command, answer: Answer, key: str) -> None:
    """The version's own reader has the last word: what it refuses, a market refuses."""
    outcome = target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
    fault = getattr(outcome, "fault", None)
    if fault is None:
        return
    detail = getattr(outcome, "detail", "")
    if str(fault) == "not_json":
        raise Failed("duplicate_members" if "twice" in detail else unreadable(answer.received), Text.same(detail))
    names = {"missing_field": "missing_field", "other_instance": "other_instance"}
    name = "comma_in_id" if "comma" in detail else names.get(str(fault), "bad_field")
    raise Failed(name, Text.same(detail))


def addresses_open(answer: Answer) -> None:
    """A browser can open every frontEndUrl."""
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
    """Access data of the answer, as it came."""
    members = answer.members or {}
    info = members.get("info")
    entries = [members, *(info if isinstance(info, list) else [])]
    for entry in entries:
        app = entry.get("appInfo") if isinstance(entry, dict) else None
        if isinstance(app, dict):
            yield app


def values_of(answer: Answer, name: str) -> list[str]:
    """What the answer holds of a member of its access data."""
    return [text for app in app_infos(answer) if isinstance(text := app.get(name), str) and text]


def decryptable(answer: Answer, name: str, key: str) -> None:
    """Every value of this member can be decrypted with the strength that the answer names (saas-v1-license A1.4)."""
    strength = Encryption.AES128 if (answer.members or {}).get("encryptType") == "2" else Encryption.AES256
    for text in values_of(answer, name)[:MOST_SECRETS]:
        mistake = explain_secret(text, key, strength)
        if mistake:
            # Not quoted: it may be a password in clear.
            raise Failed(
                mistake,
                Text(en=f"{name} came with {len(text)} characters", zh=f"收到的{name}有{len(text)}个字符"),
            )


def hides_key(answer: Answer, key: str) -> None:
    if len(key.encode()) >= SHORTEST_KEY and key.encode() in answer.received.raw:
        raise Failed("key_in_answer", Text(en="an answer holds the key", zh="有响应含有密钥"))


def shows_no_details(answer: Answer) -> None:
    """No stack trace, no SQL, no file of the server."""
    found = _DETAILS.search(answer.received.body[:LOOKED_THROUGH])
    if found:
        quoted = excerpt(found[0])
        raise Failed("details_in_answer", Text(en=f"an answer holds {quoted}", zh=f"有响应含有{quoted}"))


# --- the signature -----------------------------------------------------------------------------------------------------


def sign_mistake(answer: Answer, key: str, *, required: bool) -> str | None:
    """The diagnosis of a missing or wrong ``Body-Sign``. A version that asks for none may still carry one, and then it must
    hold: ``required`` says whether it is asked for."""
    if not required and answer.received.header("Body-Sign") is None:
        return None
    return explain_body_sign(answer, key)


def unsigned(name: str, answer: Answer) -> Failed:
    """The failure of this name, which tells the header that came."""
    sent = next((f"{k}: {v}" for k, v in answer.received.headers if k.lower() == "body-sign"), "")
    if sent:
        return Failed(name, Text(en=f"{excerpt(sent, limit=160)} came", zh=f"收到{excerpt(sent, limit=160)}"))
    told = answer.describe()
    return Failed(name, Text(en=f"no header Body-Sign; {told.en}", zh=f"没有响应头Body-Sign；{told.zh}"))
