"""Group *wire*: bytes that a market compares literally, and forms of requests that it may send (saas-v2 §2.6, §3.0)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, Answer, expect_accepted, expect_readable, failed
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import QueryDialect, UrlDialect, with_header, with_parameter
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.refusal_diagnosis import explain_rewriting
from tradepost.protocols.commands import CheckChange, Create
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


@check_factory
def rate(target: Target) -> Iterable[Check]:
    yield CheckBuilder(target, "wire")(
        UNLIMITED, "answer", _unlimited,
        Text(en="No request is turned away for coming too soon", zh="没有请求因过于频繁被拒绝"),
        Text(en="HTTP status 200 always (recommended at a tester's speed)", zh="始终返回HTTP 200（对检测的请求频率为建议）"),
        alone=True,
    )  # fmt: skip


@check_factory
def requests(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "wire")
    if target.dialect.json_body:
        for name, value in (
            ("plain", "application/json"),
            ("utf8", "application/json;charset=utf8"),
            ("utf_8", "application/json; charset=UTF-8"),
        ):
            yield make(
                f"content_type.{name}", "transport", _content_type(value),
                Text(en=f"Content-Type {value} is accepted", zh=f"Content-Type {value}被接受"),
                Text(en="resultCode 000000: the market writes it in several ways", zh="返回000000：云商店有多种写法"),
            )  # fmt: skip
        yield make(
            "pieces", "transport", _pieces,
            Text(en="A body that arrives in three parts is read whole", zh="分三次到达的请求体被完整读取"),
            Text(en="resultCode 000000", zh="返回000000"),
        )  # fmt: skip
    yield make(
        "unknown_field", "answer", _unknown_field,
        Text(en="A field that the seller does not know is tolerated", zh="未知的新增字段被容忍"),
        Text(en="resultCode 000000; the field is signed like all others", zh="返回000000；新增字段同样参与签名"),
    )  # fmt: skip
    for name, text, diagnosis, title in VALUE_CASES:
        yield make(
            f"value.{name}", "signature", _value(text, diagnosis), title,
            Text(en="resultCode 000000: every value is UTF-8, decoded exactly once", zh="返回000000：所有值为UTF-8，且只解码一次"),
        )  # fmt: skip
    yield make(
        "address_with_query", "transport", _further_parameter,
        Text(en="A further parameter in the URL is tolerated", zh="URL中的其他参数被容忍"),
        Text(en="resultCode 000000 (recommended where only a body is signed)", zh="返回000000（仅对请求体签名的版本为建议）"),
    )  # fmt: skip
    if isinstance(target.dialect, UrlDialect):
        for name, nonce, diagnosis, title in NONCE_CASES:
            yield make(
                f"nonce.{name}", "signature", _nonce(nonce, diagnosis), title,
                Text(en="resultCode 000000: parameters are decoded exactly once before they are signed",
                     zh="返回000000：参数只解码一次后再参与签名"),
            )  # fmt: skip
    if target.dialect.stamped:
        yield make(
            "nonce.long", "freshness", _long_nonce,
            Text(en="A nonce of 64 characters is accepted, and remembered whole", zh="64个字符的nonce被接受，并完整保存"),
            Text(en="resultCode 000000, also to another one that begins with the same 60", zh="返回000000；前60个字符相同的另一个nonce同样被接受"),
        )  # fmt: skip
    if target.has(CheckChange):
        yield make(
            "nested_chinese", target.activity(CheckChange), _nested("测试/Test"),
            Text(en="Chinese in a nested object is accepted", zh="嵌套对象中的中文被接受"),
            Text(en="resultCode 000000 or a reasoned refusal, not 000001", zh="返回000000或合理的拒绝，而不是000001"),
        )  # fmt: skip
        yield make(
            "nested_number", target.activity(CheckChange), _nested("Team"),
            Text(en="A number in a nested object is accepted", zh="嵌套对象中的数字被接受"),
            Text(en="resultCode 000000 or a reasoned refusal, not 000001", zh="返回000000或合理的拒绝，而不是000001"),
        )  # fmt: skip
    if isinstance(target.dialect, QueryDialect):
        yield make(
            "blank_as_percent", "signature", _blank("%20"),
            Text(en="A blank written %20 is read as a blank", zh="写作%20的空格被正确读取"),
            Text(en="resultCode 000000", zh="返回000000"),
        )  # fmt: skip
        yield make(
            "blank_as_plus", "signature", _blank("+"),
            Text(en="A blank written + is read as a blank", zh="写作+的空格被正确读取"),
            Text(en="resultCode 000000", zh="返回000000"),
        )  # fmt: skip


UNLIMITED = "unlimited"
VALUE_CASES = (
    ("empty", "", "drops_empty_values", Text(en="An empty value is accepted", zh="空值被接受")),
    ("plus", "C++a+b", "plus_as_blank", Text(en="A plus sign in a value is accepted", zh="值中的加号被接受")),
    ("percent_plus", "100%2B1", "plus_as_blank", Text(en="The characters %2B in a value are accepted", zh="值中的字符%2B被接受")),
    ("percent", "5%20off", "undecoded_values", Text(en="The characters %20 in a value are accepted", zh="值中的字符%20被接受")),
    ("blank", "one two", "blank_as_plus", Text(en="A blank in a value is accepted", zh="值中的空格被接受")),
    ("chinese", "云商店测试", "wrong_charset", Text(en="Chinese in a value is accepted", zh="值中的中文被接受")),
    ("emoji", "🚀🎉", "emoji_fails", Text(en="An emoji in a value is accepted", zh="值中的表情符号被接受")),
    ("ampersand", "a&b=c", "ampersand_splits", Text(en="An ampersand in a value is accepted", zh="值中的&被接受")),
    ("trimmed", " one ", "trims_values", Text(en="Blanks around a value are kept", zh="值首尾的空格被保留")),
    ("digits", "00123", "text_as_number", Text(en="A value of digits stays a text", zh="由数字组成的值仍是文本")),
    ("markup", "<b>\"quoted\"/\\'", "reserialised_request", Text(en="Quotes, slashes and angle brackets in a value are accepted", zh="值中的引号、斜杠、尖括号被接受")),
)  # fmt: skip


NONCE_CASES = (
    ("plus", "a+b", "plus_as_blank", Text(en="A nonce with an encoded plus sign is accepted", zh="含编码加号的nonce被接受")),
    ("percent", "a%2Bb", "plus_as_blank", Text(en="A nonce with an encoded percent sign is accepted", zh="含编码百分号的nonce被接受")),
    ("ampersand", "a&b", "ampersand_splits", Text(en="A nonce with an encoded ampersand is accepted", zh="含编码&的nonce被接受")),
    ("slash", "a/b=", "undecoded_values", Text(en="A nonce with an encoded slash is accepted", zh="含编码斜杠的nonce被接受")),
)  # fmt: skip


def _unlimited(caller: Caller) -> None:
    limited_answers = [answer for answer in caller.history.answers if answer.turned_away]
    if limited_answers:
        description = limited_answers[0].describe()
        observation = f"{len(limited_answers)} of {len(caller.history.answers)} requests, the first with: {description}"
        raise Warned(
            "rate_limited",
            Text(
                en=observation,
                zh=f"{len(caller.history.answers)}个请求中有{len(limited_answers)}个，第一个为：{description.zh}",
            ),
        )


# --- what to send ----------------------------------------------------------------------------------------------------


def _content_type(value: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need_correct()
        request = with_header(caller.request(caller.harmless()), "Content-Type", value)
        expect_accepted(caller.send(request), "refuses_content_type")

    return body


def _further_parameter(caller: Caller) -> None:
    caller.need_correct()
    if isinstance(caller.target.dialect, QueryDialect):
        # In this version every parameter is signed.
        request = caller.changed(caller.harmless(), {"tenant": "1"})
    else:
        request = with_parameter(caller.request(caller.harmless()), "tenant", "1")
    answer = caller.send(request)
    expect_readable(answer)
    if answer.accepted:
        return
    if isinstance(caller.target.dialect, QueryDialect) and answer.code == NOT_AUTHENTIC:
        raise failed("address_with_query", answer)
    # No document says what a market adds to a registered query (saas-v2 §2.2).
    raise Warned("address_with_query", answer.describe())


def _nonce(part: str, diagnosis: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need_correct()
        answer = caller.send(caller.request(caller.harmless(), nonce=f"{caller.chance()[:24]}{part}"))
        expect_readable(answer)
        if answer.code == NOT_AUTHENTIC:
            raise failed(_decoding(caller) or diagnosis, answer)
        # A seller may only accept letters and digits in a nonce: the market sends no others today.

    return body


def _long_nonce(caller: Caller) -> None:
    caller.need_correct()
    # As long as the documented examples (saas-v2 §2.2).
    beginning = (caller.chance() + caller.chance())[:60]
    first_answer, second_answer = (
        caller.send(caller.request(caller.harmless(), nonce=f"{beginning}{end}")) for end in ("AAAA", "BBBB")
    )
    expect_readable(first_answer)
    if not first_answer.accepted:
        raise failed("refuses_longest_value", first_answer)
    expect_readable(second_answer)
    if not second_answer.accepted:
        raise failed("nonce_cut", second_answer, Text(en="the second", zh="第二个"))


def _decoding(caller: Caller) -> str:
    """If values are not decoded at all, every special character fails, including an ordinary one."""
    answer = caller.send(caller.request(caller.harmless(), nonce=f"{caller.chance()[:24]}a/b="))
    return "undecoded_values" if answer.code == NOT_AUTHENTIC else ""


def _pieces(caller: Caller) -> None:
    caller.need_correct()
    expect_accepted(caller.send(caller.request(caller.harmless()), pieces=3), "needs_chunking_or_length")


def _unknown_field(caller: Caller) -> None:
    caller.need_correct()
    for test in (True, False):
        answer = _with_field(caller, "abc", test=test)
        expect_readable(answer)
        if not answer.accepted and (test or not caller.creation_refused):
            signed_over_a_list = answer.code == NOT_AUTHENTIC
            # Fields were added before, and the same version only promises that none is removed (business-rules §11.1).
            raise failed(
                "fixed_parameter_list" if signed_over_a_list else "refuses_unknown_fields",
                answer, Text(en='with "newField":"abc"', zh="增加newField后"),
            )  # fmt: skip


def _with_field(caller: Caller, text: str, *, test: bool = True) -> Answer:
    return caller.send(caller.changed(caller.harmless(test=test), {"newField": text}))


def _value(text: str, diagnosis: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need_correct()
        fields = _free_fields(caller)
        if fields:
            _in_known_field(caller, fields, text, diagnosis)
            return
        if not _with_field(caller, "abc").accepted:
            raise Skipped(Text(en="a new field is refused whatever it holds", zh="无论取值如何，新增字段都被拒绝"))
        answer = _with_field(caller, text)
        expect_readable(answer)
        if _is_refused(answer, text):
            name = explain_rewriting(caller, answer.request) if answer.code == NOT_AUTHENTIC else ""
            raise failed(name or diagnosis, answer, Text(en=f"with newField={text}", zh=f"newField为{text}时"))

    return body


def _is_refused(answer: Answer, text: str) -> bool:
    """An empty value may be refused as invalid, but not as a forgery."""
    return not answer.accepted and (bool(text) or answer.code == NOT_AUTHENTIC)


def _free_fields(caller: Caller) -> tuple[str, ...]:
    """Return the fields of the creation with free text, if the version has any."""
    known_names = {field.name for field in caller.target.specification.requests.get(Create, ())}
    return tuple(name for name in ("customerName",) if name in known_names)


def _in_known_field(caller: Caller, fields: tuple[str, ...], text: str, diagnosis: str) -> None:
    command = caller.samples.create(test=True)
    control = caller.send(caller.changed(command, dict.fromkeys(fields, "abc")))
    if not control.accepted:
        raise Skipped(
            Text(en="the same request with plain text is refused already", zh="同样的请求在取值为普通文本时已被拒绝")
        )
    answer = caller.send(caller.changed(command, dict.fromkeys(fields, text)))
    expect_readable(answer)
    if _is_refused(answer, text):
        # A seller that signs the encoded URL fails for every character that must be encoded.
        plain_answer = caller.send(caller.changed(command, dict.fromkeys(fields, "a/b:c")))
        if plain_answer.accepted and text != text.strip():
            blank = caller.send(caller.changed(command, dict.fromkeys(fields, "one two")))
            diagnosis = diagnosis if blank.accepted else "blank_as_plus"
        diagnosis = diagnosis if plain_answer.accepted else "undecoded_values"
        if diagnosis == "reserialised_request" and not caller.target.dialect.json_body:
            # There is no body that could have been rewritten, so a filter changed the parameters.
            diagnosis = "html_entities"
        raise failed(diagnosis, answer, Text(en=f"with {fields[0]}={text}", zh=f"{fields[0]}为{text}时"))


def _nested(name: str) -> Body:
    def body(caller: Caller) -> None:
        kind = CheckChange
        instance_id = caller.any_id()
        answer = caller.ask(caller.samples.check_change(instance_id, name=name, test=True))
        expect_readable(answer)
        if answer.code == NOT_AUTHENTIC and caller.ask(caller.harmless()).accepted:
            raise failed(_nested_mistake(caller, instance_id, name), answer)
        caller.need(kind)

    return body


def _nested_mistake(caller: Caller, instance_id: str, name: str) -> str:
    """Return the part of the nested object that fails the signature: its number, a slash, or the Chinese text."""

    def passes(text: str) -> bool:
        return caller.ask(caller.samples.check_change(instance_id, name=text, test=True)).code != NOT_AUTHENTIC

    if name.isascii():
        command_without_number = caller.samples.check_change(instance_id, name=name, number=None, test=True)
        return "number_as_text" if caller.ask(command_without_number).code != NOT_AUTHENTIC else "nested_object_as_text"
    if not passes("Team"):
        raise Skipped(Text(en="the same in ASCII is refused already", zh="同样的内容换成ASCII时已被拒绝"))
    mistake = explain_rewriting(caller, caller.request(caller.samples.check_change(instance_id, name=name, test=True)))
    if mistake:
        return mistake
    return "wrong_charset" if passes("a/b") else "reserialised_request"


def _blank(encoded: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need_correct()
        dialect = caller.target.dialect
        assert isinstance(dialect, QueryDialect)
        command = caller.samples.create(test=True) if caller.target.has(Create) else caller.harmless()
        request = caller.request(command)
        texts = {name: str(value) for name, value in dialect.members(request).items()}
        field = next(iter(_free_fields(caller)), "newField")
        if not caller.send(caller.changed(command, {field: "abc"})).accepted:
            raise Skipped(
                Text(en="the same request without a blank is refused already", zh="不含空格的同样请求已被拒绝")
            )
        members = {**texts, field: "one two"}
        answer = caller.send(dialect.signed_text(request, members, caller.signing_inputs(), blank=encoded))
        if not answer.accepted:
            other_encoding = "+" if encoded == "%20" else "%20"
            repeated_answer = caller.send(
                dialect.signed_text(request, members, caller.signing_inputs(), blank=other_encoding)
            )
            expect_accepted(answer, "blank_as_plus" if repeated_answer.accepted else "undecoded_values")

    return body
