"""Group *wire*: the bytes themselves. What a market compares literally, and what it may send (saas-v2 §2.6, §3.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, Answer, expect_accepted, failed, readable
from tradepost.check.declaring import Body, Check, Failed, Making, Skipped, family
from tradepost.check.dialects import QueryDialect, UrlDialect, with_header
from tradepost.check.explaining import explain_body_sign
from tradepost.protocols.commands import CheckChange, Command, Create, Query
from tradepost.protocols.excerpt import excerpt

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.facts import Facts

type Asked = Callable[[Caller], Answer]


@family
def body_sign(facts: Facts) -> Iterable[Check]:
    make = Making(facts, "wire")
    expected = (
        'the header Body-Sign, spelled so, with sign_type="HMAC-SHA256", signature="…" over exactly the bytes of the body',
        '响应头Body-Sign（大小写一致），值为sign_type="HMAC-SHA256", signature="…"，对响应体的确切字节签名',
    )
    for kind, activity in facts.protocol.activities.items():
        yield make(
            f"body_sign.{activity}", "body_sign", _signed(_test_call(kind), refusal=False),
            f"The answer to {activity} is signed", f"{activity}的响应有签名", *expected,
        )  # fmt: skip
    if facts.has(Query, Create):
        yield make(
            "body_sign.real", "body_sign", _signed(_real_query, refusal=False),
            "The answer with a buyer's data is signed", "含用户数据的响应有签名", *expected,
        )  # fmt: skip
    for name, title, title_zh, asked in (
        ("forged", "The refusal of a wrong signature is signed", "拒绝错误签名的响应有签名", _forged),
        ("unknown_activity", "The refusal of an unknown activity is signed", "拒绝未知activity的响应有签名", _unknown_activity),
        ("missing_field", "The refusal of an incomplete request is signed", "拒绝不完整请求的响应有签名", _incomplete),
        ("bad_type", "The answer to a field of the wrong type is signed", "字段类型错误时的响应有签名", _bad_type),
        ("unknown_instance", "The answer about an unknown instance is signed", "未知实例的响应有签名", _unknown_instance),
        ("not_json", "The answer to a body that is no JSON is signed", "请求体不是JSON时的响应有签名", _not_json),
        ("no_parameters", "The answer to a bare request is signed", "不带参数的请求的响应有签名", _bare),
    ):  # fmt: skip
        if asked is _not_json and not isinstance(facts.dialect, UrlDialect):
            continue
        if asked is _bad_type and not facts.dialect.json_body:
            continue
        if asked is _unknown_instance and not facts.has(Query):
            continue
        yield make(
            f"body_sign.{name}", "body_sign", _signed(asked, refusal=True), title, title_zh, *expected
        )


@family
def framing(facts: Facts) -> Iterable[Check]:
    make = Making(facts, "wire")
    for name, title, title_zh, look, expected, expected_zh in (
        ("complete", "The body is framed correctly", "响应体的长度与分块正确", _framed,
         "Content-Length is the number of bytes, or sound chunks; nothing after the body", "Content-Length等于字节数，或分块正确；响应体之后没有多余字节"),
        ("direct", "The address answers itself", "由地址直接响应", _direct, "no redirect", "不重定向"),
        ("plain", "The answer is not compressed", "响应未压缩", _plain, "no Content-Encoding, since the market offers none", "没有Content-Encoding，因为云商店未声明支持"),
        ("no_bom", "The body starts with its brace", "响应体以左花括号开始", _no_bom, "no byte order mark", "没有BOM"),
        ("single_headers", "Content-Type and Body-Sign are there once", "Content-Type和Body-Sign各出现一次", _single, "each header once", "每个响应头只出现一次"),
    ):  # fmt: skip
        yield make(f"success.{name}", "answer", _looked(_harmless, look), title, title_zh, expected, expected_zh)
        yield make(
            f"refusal.{name}", "answer", _looked(_forged, look),
            f"{title}, in a refusal", f"{title_zh}（拒绝时）", expected, expected_zh,
        )  # fmt: skip
    if facts.has(Query, Create):
        yield make(
            "ascii", facts.activity(Query), _ascii,
            "Chinese text is sent as \\u escapes", "中文以\\u转义发送",
            "a body of ASCII bytes only", "响应体只含ASCII字节",
        )  # fmt: skip


@family
def requests(facts: Facts) -> Iterable[Check]:
    make = Making(facts, "wire")
    if facts.dialect.json_body:
        for name, value in (
            ("plain", "application/json"),
            ("utf8", "application/json;charset=utf8"),
            ("utf_8", "application/json; charset=UTF-8"),
        ):
            yield make(
                f"content_type.{name}", "transport", _content_type(value),
                f"Content-Type {value} is accepted", f"Content-Type {value}被接受",
                "resultCode 000000: the market writes it in several ways", "返回000000：云商店有多种写法",
            )  # fmt: skip
        yield make(
            "pieces", "transport", _pieces,
            "A body that arrives in three parts is read whole", "分三次到达的请求体被完整读取",
            "resultCode 000000", "返回000000",
        )  # fmt: skip
    yield make(
        "unknown_field", "answer", _unknown_field,
        "A field that the seller does not know is tolerated", "未知的新增字段被容忍",
        "resultCode 000000, the field being signed like all others", "返回000000，新增字段同样参与签名",
    )  # fmt: skip
    for name, text, diagnosis, title, title_zh in VALUES:
        yield make(
            f"value.{name}", "signature", _value(text, diagnosis), title, title_zh,
            "resultCode 000000: every value is UTF-8, decoded exactly once", "返回000000：所有值为UTF-8，且只解码一次",
        )  # fmt: skip
    if facts.has(CheckChange):
        yield make(
            "nested_chinese", facts.activity(CheckChange), _nested("测试/Test"),
            "Chinese in a nested object is accepted", "嵌套对象中的中文被接受",
            "resultCode 000000 or a reasoned refusal, not 000001", "返回000000或合理的拒绝，而不是000001",
        )  # fmt: skip
        yield make(
            "nested_number", facts.activity(CheckChange), _nested("Team"),
            "A number in a nested object is accepted", "嵌套对象中的数字被接受",
            "resultCode 000000 or a reasoned refusal, not 000001", "返回000000或合理的拒绝，而不是000001",
        )  # fmt: skip
    if isinstance(facts.dialect, QueryDialect):
        yield make(
            "blank_as_percent", "signature", _blank("%20"),
            "A blank written %20 is read as a blank", "写作%20的空格被正确读取",
            "resultCode 000000", "返回000000",
        )  # fmt: skip
        yield make(
            "blank_as_plus", "signature", _blank("+"),
            "A blank written + is read as a blank", "写作+的空格被正确读取",
            "resultCode 000000", "返回000000",
        )  # fmt: skip


VALUES = (
    ("plus", "C++ a+b", "plus_as_blank", "A plus sign in a value is accepted", "值中的加号被接受"),
    ("percent_plus", "100%2B1", "plus_as_blank", "The characters %2B in a value are accepted", "值中的字符%2B被接受"),
    ("percent", "5%20off", "undecoded_values", "The characters %20 in a value are accepted", "值中的字符%20被接受"),
    ("blank", "one two", "blank_as_plus", "A blank in a value is accepted", "值中的空格被接受"),
    ("chinese", "云商店测试", "wrong_charset", "Chinese in a value is accepted", "值中的中文被接受"),
    ("emoji", "🚀🎉", "emoji_fails", "An emoji in a value is accepted", "值中的表情符号被接受"),
    ("ampersand", "a&b=c", "ampersand_splits", "An ampersand in a value is accepted", "值中的&被接受"),
    ("markup", "<b>\"quoted\"/\\'", "reserialised_request", "Quotes, slashes and angle brackets in a value are accepted", "值中的引号、斜杠、尖括号被接受"),
)  # fmt: skip


# --- whom to ask -----------------------------------------------------------------------------------------------------


def _harmless(caller: Caller) -> Answer:
    return caller.ask(caller.harmless())


def _test_call(kind: type[Command]) -> Asked:
    def asked(caller: Caller) -> Answer:
        caller.need(kind)
        command = caller.samples.of(kind, caller.any_id(), test=True)
        if command is None:
            raise Skipped("the tester has no sample of this request", "测试程序没有该请求的样例")
        return caller.ask(command)

    return asked


def _real_query(caller: Caller) -> Answer:
    return caller.ask(Query(instance_ids=(caller.instance(keep=True).instance_id,)))


def _forged(caller: Caller) -> Answer:
    dialect = caller.facts.dialect
    return caller.send(dialect.put(caller.request(caller.harmless()), dialect.token, "0" * 64))


def _unknown_activity(caller: Caller) -> Answer:
    return caller.send(caller.changed(caller.harmless(), {"activity": "noSuchActivity"}))


def _incomplete(caller: Caller) -> Answer:
    command = caller.harmless(test=False)
    kept = {"activity", "testFlag"}
    members = caller.facts.dialect.members(caller.request(command))
    return caller.send(caller.changed(command, {name: None for name in members if name not in kept}))


def _bad_type(caller: Caller) -> Answer:
    command = caller.harmless(test=False)
    members = caller.facts.dialect.members(caller.request(command))
    return caller.send(caller.changed(command, {name: [{"x": 1}] for name in members if name != "activity"}))


def _unknown_instance(caller: Caller) -> Answer:
    return caller.ask(Query(instance_ids=(caller.samples.unknown_id(),)))


def _not_json(caller: Caller) -> Answer:
    dialect = caller.facts.dialect
    assert isinstance(dialect, UrlDialect)
    return caller.send(dialect.sealed_bytes(caller.request(caller.harmless()), b"\xff{not json", caller.seal()))


def _bare(caller: Caller) -> Answer:
    request = caller.request(caller.harmless())
    dialect = caller.facts.dialect
    for name in (dialect.token, dialect.timestamp, dialect.nonce):
        if name:
            request = dialect.put(request, name, None)
    return caller.send(request)


# --- what to look at -------------------------------------------------------------------------------------------------


def _signed(asked: Asked, *, refusal: bool) -> Body:
    def body(caller: Caller) -> None:
        answer = asked(caller)
        if answer.received.fault:
            raise failed(answer.received.fault, answer)
        # A version that asks for no signature may still carry one, and then it must hold.
        if not caller.facts.conduct.body_sign and answer.received.header("Body-Sign") is None:
            return
        name = explain_body_sign(answer, caller.options.key)
        if name is None:
            return
        if refusal and explain_body_sign(caller.ask(caller.harmless()), caller.options.key) is None:
            name = "unsigned_error" if name == "no_body_sign" or answer.received.status != 200 else name
        sent = next((f"{k}: {v}" for k, v in answer.received.headers if k.lower() == "body-sign"), "")
        if sent:
            raise Failed(name, f"{excerpt(sent, limit=160)} came", f"收到{excerpt(sent, limit=160)}")
        told, told_zh = answer.told()
        raise Failed(name, f"no header Body-Sign; {told}", f"没有响应头Body-Sign；{told_zh}")

    return body


def _looked(asked: Asked, look: Callable[[Answer], None]) -> Body:
    return lambda caller: look(asked(caller))


def _framed(answer: Answer) -> None:
    received = answer.received
    if received.fault:
        raise failed(received.fault, answer)
    if received.after:
        quoted = excerpt(received.after)
        raise Failed("bytes_after_body", f"{quoted} came after the body", f"响应体之后还有{quoted}")
    lengths = set(received.all("Content-Length"))
    if len(lengths) > 1 or (lengths and received.header("Transfer-Encoding")):
        raise Failed("repeated_header", "two statements about the length of the body", "存在两个响应体长度声明")


def _direct(answer: Answer) -> None:
    if answer.received.fault or 300 <= answer.received.status < 400:
        raise failed(answer.received.fault or "redirect", answer)


def _plain(answer: Answer) -> None:
    encoding = (answer.received.header("Content-Encoding") or "").strip().lower()
    if encoding not in {"", "identity"}:
        raise Failed("compressed", f"Content-Encoding is {encoding}", f"Content-Encoding为{encoding}")


def _no_bom(answer: Answer) -> None:
    first = answer.received.body[:4]
    if first.startswith(b"\xef\xbb\xbf"):
        raise Failed("bom", f"the body starts with {first.hex(' ')}", f"响应体以{first.hex(' ')}开头")


def _single(answer: Answer) -> None:
    for name in ("Content-Type", "Body-Sign"):
        number = len(answer.received.all(name))
        if number > 1:
            raise Failed("repeated_header", f"{name} came {number} times", f"{name}出现了{number}次")


def _ascii(caller: Caller) -> None:
    answer = _real_query(caller)
    readable(answer)
    body = answer.received.body
    if not body.isascii():
        at = next(at for at, byte in enumerate(body) if byte > 127)
        raise Failed("raw_chinese", f"byte {at} is {body[at]:#x}", f"第{at}个字节为{body[at]:#x}")


# --- what to send ----------------------------------------------------------------------------------------------------


def _content_type(value: str) -> Body:
    def body(caller: Caller) -> None:
        _need_correct(caller)
        request = with_header(caller.request(caller.harmless()), "Content-Type", value)
        expect_accepted(caller.send(request), "refuses_content_type")

    return body


def _pieces(caller: Caller) -> None:
    _need_correct(caller)
    expect_accepted(caller.send(caller.request(caller.harmless()), pieces=3), "needs_chunking_or_length")


def _unknown_field(caller: Caller) -> None:
    _need_correct(caller)
    for test in (True, False):
        answer = _with_field(caller, "abc", test=test)
        readable(answer)
        if not answer.accepted and (test or not isinstance(caller.no_stock, Skipped)):
            raise failed(
                "fixed_parameter_list" if answer.code == NOT_AUTHENTIC else "refuses_unknown_fields",
                answer, 'with "newField":"abc"', "增加newField后",
            )  # fmt: skip


def _with_field(caller: Caller, text: str, *, test: bool = True) -> Answer:
    return caller.send(caller.changed(caller.harmless(test=test), {"newField": text}))


def _value(text: str, diagnosis: str) -> Body:
    def body(caller: Caller) -> None:
        _need_correct(caller)
        fields = _free_fields(caller)
        if fields:
            _in_known_field(caller, fields, text, diagnosis)
            return
        if not _with_field(caller, "abc").accepted:
            raise Skipped("a new field is refused whatever it holds", "无论取值如何，新增字段都被拒绝")
        answer = _with_field(caller, text)
        readable(answer)
        if not answer.accepted:
            raise failed(diagnosis, answer, f"with newField={text}", f"newField为{text}时")

    return body


def _free_fields(caller: Caller) -> tuple[str, ...]:
    """Fields of the creation that hold a person's text, where a version sends such."""
    known = {field.name for field in caller.facts.conduct.requests.get(Create, ())}
    return tuple(name for name in ("customerName",) if name in known)


def _in_known_field(caller: Caller, fields: tuple[str, ...], text: str, diagnosis: str) -> None:
    command = caller.samples.create(test=True)
    control = caller.send(caller.changed(command, dict.fromkeys(fields, "abc")))
    if not control.accepted:
        raise Skipped("the same request with plain text is refused already", "同样的请求在取值为普通文本时已被拒绝")
    answer = caller.send(caller.changed(command, dict.fromkeys(fields, text)))
    readable(answer)
    if not answer.accepted:
        raise failed(diagnosis, answer, f"with {fields[0]}={text}", f"{fields[0]}为{text}时")


def _nested(name: str) -> Body:
    def body(caller: Caller) -> None:
        kind = CheckChange
        instance_id = caller.any_id()
        answer = caller.ask(caller.samples.check_change(instance_id, name=name, test=True))
        readable(answer)
        if answer.code == NOT_AUTHENTIC and caller.ask(caller.harmless()).accepted:
            raise failed("number_as_text" if name.isascii() else "wrong_charset", answer)
        caller.need(kind)

    return body


def _blank(written: str) -> Body:
    def body(caller: Caller) -> None:
        _need_correct(caller)
        dialect = caller.facts.dialect
        assert isinstance(dialect, QueryDialect)
        command = caller.samples.create(test=True) if caller.facts.has(Create) else caller.harmless()
        request = caller.request(command)
        texts = {name: str(value) for name, value in dialect.members(request).items()}
        field = next(iter(_free_fields(caller)), "newField")
        answer = caller.send(
            dialect.sealed_text(request, {**texts, field: "one two"}, caller.seal(), blank=written)
        )
        expect_accepted(answer, "blank_as_plus")

    return body


def _need_correct(caller: Caller) -> None:
    if not caller.ask(caller.harmless()).accepted:
        raise Skipped("an ordinary correct request is refused already", "普通的正确请求已经被拒绝")
