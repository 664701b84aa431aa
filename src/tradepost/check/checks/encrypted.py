"""Group *secrets* of versions that encrypt: access data in answers and the buyer's data in requests (saas-v1-license
§A1.4)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, expect_accepted, expect_readable
from tradepost.check.cipher_diagnosis import explain_secret
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.judgements import SECRET_FIELDS, access_values, app_infos, decryptable
from tradepost.check.outcomes import Failed, Skipped, Warned
from tradepost.protocols.commands import Command, Create, Encryption, Query
from tradepost.protocols.secret_fields import IV_LENGTH, encrypt
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

IV = "Zq3kP8sWm1Xc7Rt5"
SECTION = "saas-v1-license A1.4"

INVALID_CIPHERTEXTS = (
    ("cut", IV + base64.b64encode(b"\x07" * 15).decode(), Text(en="15 bytes of ciphertext", zh="15字节的密文")),
    ("not_base64", IV + "!!!!", Text(en="what is no Base64", zh="不是Base64的密文")),
    ("short", "abc", Text(en="3 characters, no room for an IV", zh="只有3个字符，不足IV长度")),
    ("noise", IV + base64.b64encode(b"\x07" * 32).decode(), Text(en="two blocks of noise", zh="两个无意义的密文块")),
)


@check_factory
def checks(target: Target) -> Iterable[Check]:
    if not target.specification.encrypted or not target.has(Create):
        return
    make = CheckBuilder(target, "secrets")
    expected = Text(
        en="16 characters of IV and the Base64 of AES-CBC with the derived key, of the strength that encryptType names",
        zh="16个字符的IV，加上用派生密钥做AES-CBC后的Base64，强度与encryptType一致",
    )
    for name in SECRET_FIELDS:
        yield replace(make(
            f"created.{name}", "newInstance", _readable(Create, name),
            Text(en=f"{name} of a creation can be decrypted", zh=f"创建返回的{name}可以解密"), expected,
        ), spec=SECTION)  # fmt: skip
        if target.has(Query):
            yield replace(make(
                f"queried.{name}", "queryInstance", _readable(Query, name),
                Text(en=f"{name} of a query can be decrypted", zh=f"查询返回的{name}可以解密"), expected,
            ), spec=SECTION)  # fmt: skip
    yield replace(make(
        "fresh_iv", "newInstance", _fresh_iv,
        Text(en="Two instances do not share an IV", zh="两个实例不使用相同的IV"),
        Text(en="16 fresh random characters in front of each value", zh="每个值前有重新随机生成的16个字符"),
    ), spec=SECTION)  # fmt: skip
    for field, plain_value in (("mobilePhone", "13800138000"), ("email", "someone@example.com")):
        yield replace(make(
            f"request.{field}", "newInstance", _private(field, plain_value),
            Text(en=f"An encrypted {field} is accepted", zh=f"加密的{field}被接受"),
            Text(en="resultCode 000000", zh="返回000000"),
        ), spec=SECTION)  # fmt: skip
    for name, text, words in INVALID_CIPHERTEXTS:
        yield replace(make(
            f"bad_ciphertext.{name}", "newInstance", _bad(text),
            Text(en=f"A phone number of {words.en} does no harm", zh=f"手机号为{words.zh}时不会出错"),
            Text(en="HTTP 200: 000002, or success where the number is not needed", zh="返回HTTP 200：000002；若不使用该字段也可成功"),
        ), spec=SECTION)  # fmt: skip


def _answer(caller: Caller, kind: type[Command]) -> Answer:
    caller.need(kind)
    instance = caller.instance(keep=True)
    answer = caller.ask(
        caller.samples.create(instance.order) if kind is Create else Query(instance_ids=(instance.instance_id,))
    )
    expect_readable(answer)
    return answer


def _readable(kind: type[Command], name: str) -> Body:
    def body(caller: Caller) -> None:
        answer = _answer(caller, kind)
        if not access_values(answer, name):
            raise Skipped(Text(en=f"the answer has no {name}", zh=f"响应中没有{name}"))
        decryptable(answer, name, caller.options.key)

    return body


def _fresh_iv(caller: Caller) -> None:
    used_ivs: set[str] = set()
    is_shared = False
    for _ in range(2):
        instance = caller.instance()
        answer = caller.ask(caller.samples.create(instance.order))
        caller.give_back(instance)
        texts = [str(app[name]) for app in app_infos(answer) for name in SECRET_FIELDS if app.get(name)]
        if not texts or any(len(text) <= IV_LENGTH for text in texts):
            raise Skipped(Text(en="the answer has no encrypted field", zh="响应中没有加密字段"))
        if any(
            explain_secret(text, caller.options.key, Encryption.AES256) not in {"", "other_strength"} for text in texts
        ):
            raise Skipped(
                Text(en="the fields cannot be decrypted, see the checks before", zh="字段无法解密，见前面的检查")
            )
        ivs = {text[:IV_LENGTH] for text in texts}
        is_shared |= len(ivs) < len(texts)
        if ivs & used_ivs:
            raise Failed(
                "fixed_iv",
                Text(en=f"{min(ivs & used_ivs)} came for two instances", zh=f"两个实例都使用{min(ivs & used_ivs)}"),
            )
        used_ivs |= ivs
    if is_shared:
        # Both can be decrypted, but each should have its own random IV.
        raise Warned("shared_iv", Text(en="userName and password have one IV", zh="userName与password使用同一IV"))


def _private(field: str, plain_value: str) -> Body:
    def body(caller: Caller) -> None:
        caller.instance(keep=True)
        caller.need(Create)
        # The strength is agreed when the product is published; a seller may only know one.
        answers = []
        for strength in Encryption:
            text = encrypt(plain_value, key=caller.options.key, iv=IV, encryption=strength)
            answers.append(caller.send(caller.changed(caller.samples.create(), {field: text})))
            caller.note_created(answers[-1])
            if answers[-1].accepted:
                return
        expect_accepted(answers[0], "cannot_decrypt_request", Text(en=f"with {field}", zh=f"带有{field}时"))

    return body


def _bad(text: str) -> Body:
    def body(caller: Caller) -> None:
        for test in (False, True):
            answer = caller.send(caller.changed(caller.samples.create(test=test), {"mobilePhone": text}))
            if not test:
                caller.note_created(answer)
            context = Text(en="with mobilePhone", zh="带有mobilePhone时")
            expect_readable(answer, http_error="crashes_on_bad_ciphertext", context=context)

    return body
