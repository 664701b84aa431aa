"""Mutants whose server or framework deviates from plain HTTP/1.1 with signed bytes (saas-v2 §1.2, §3.0)."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request, Response
from tradepost.protocols.json_answer import json_answer

from .answer_signing import compact, members_of, signed_over
from .definition import KEY, V1, V2, Answer, Answering, Shop, answer_mutant, mutant, wire_mutant
from .serving import head, rendered
from .spelled import SpelledV2

WIRE, SHAPE = "wire", "shape"
BOTH = (V2, V1)


def with_status(response: Response, status: int) -> Response:
    return Response(status, response.headers, response.body)


def with_type(response: Response, media_type: str) -> Response:
    rest = tuple((name, value) for name, value in response.headers if name != "Content-Type")
    return Response(response.status, (*rest, ("Content-Type", media_type)), response.body)


def code(response: Response) -> str:
    return str(members_of(response)["resultCode"])


def page(status: int, text: str) -> Response:
    body = f"<!doctype html><title>{text}</title><h1>{text}</h1>".encode()
    return Response(status, (("Content-Type", "text/html; charset=utf-8"),), body)


@answer_mutant("http_status", SHAPE, protocols=BOTH)
def created_is_201(request: Request, response: Response) -> Answer:
    return with_status(response, 201)


@answer_mutant("http_500_for_unknown_instance", SHAPE, "lifecycle", protocols=BOTH)
def unknown_instance_is_500(request: Request, response: Response) -> Answer:
    return with_status(response, 500) if code(response) == "000003" else response


@answer_mutant("http_500_for_unknown_instance", SHAPE, "lifecycle")
def unknown_instance_is_404(request: Request, response: Response) -> Answer:
    return page(404, "Not Found") if code(response) == "000003" else response


@answer_mutant("http_error_for_bad_request", SHAPE, "signature", protocols=BOTH)
def bad_signature_is_401(request: Request, response: Response) -> Answer:
    return with_status(response, 401) if code(response) == "000001" else response


@answer_mutant("http_error_for_bad_request", SHAPE, "signature")
def bad_parameter_is_an_html_page(request: Request, response: Response) -> Answer:
    return page(400, "Bad Request") if code(response) == "000002" else response


@mutant("redirect", WIRE, SHAPE, protocols=BOTH)
def redirects_to_https(folder: Path, protocol: str) -> Answering:
    return lambda request, now, nonce: Response(302, (("Location", request.url.replace("http:", "https:", 1)),), b"")


@mutant("redirect", WIRE, SHAPE)
def redirects_to_a_slash(folder: Path, protocol: str) -> Answering:
    """As Django's APPEND_SLASH; the body of a POST is lost."""
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request, now, nonce):
        if request.path.endswith("/"):
            return shop.respond(request, now, nonce)
        return Response(301, (("Location", f"{request.path}/"),), b"")

    return answering


@answer_mutant("compressed", WIRE, protocols=BOTH)
def compresses_always(request: Request, response: Response) -> Answer:
    return Response(200, (*response.headers, ("Content-Encoding", "gzip")), gzip.compress(response.body))


@answer_mutant("wrong_content_type", SHAPE, WIRE, protocols=BOTH)
def says_html(request: Request, response: Response) -> Answer:
    return with_type(response, "text/html;charset=utf-8")


@answer_mutant("wrong_content_type", SHAPE, WIRE)
def says_text_json(request: Request, response: Response) -> Answer:
    return with_type(response, "text/json")


@answer_mutant("bom", WIRE, SHAPE, protocols=BOTH)
def byte_order_mark(request: Request, response: Response) -> Answer:
    body = b"\xef\xbb\xbf" + response.body
    return signed_over(response, body, body)


@answer_mutant("answer_in_gbk", WIRE, SHAPE)
def writes_gbk(request: Request, response: Response) -> Answer:
    body = json.dumps({**members_of(response), "resultMsg": "成功"}, ensure_ascii=False).encode("gbk")
    return with_type(signed_over(response, body, body), "application/json;charset=GBK")


@answer_mutant("raw_chinese", WIRE, SHAPE)
def writes_raw_chinese(request: Request, response: Response) -> Answer:
    body = compact({**members_of(response), "resultMsg": "成功"}, ensure_ascii=False)
    return signed_over(response, body, body)


@answer_mutant("not_json", WIRE, SHAPE)
def answers_python(request: Request, response: Response) -> Answer:
    body = str(members_of(response)).encode("ascii", "backslashreplace")
    return signed_over(response, body, body)


@answer_mutant("not_json", WIRE, SHAPE)
def answers_json_in_a_text(request: Request, response: Response) -> Answer:
    """Encoded twice."""
    body = json.dumps(response.body.decode()).encode()
    return signed_over(response, body, body)


@answer_mutant("not_json", WIRE, SHAPE)
def answers_xml(request: Request, response: Response) -> Answer:
    body = f"<result><resultCode>{code(response)}</resultCode></result>".encode()
    return signed_over(response, body, body)


@answer_mutant("bytes_after_body", WIRE)
def bytes_after_the_body(request: Request, response: Response) -> Answer:
    return rendered(response) + b"\n"


@answer_mutant("body_cut_short", WIRE)
def length_counts_characters(request: Request, response: Response) -> Answer:
    """As with text longer than its ASCII: here the length promises more than arrives."""
    return head(response) + b"Content-Length: %d\r\n\r\n" % (len(response.body) + 3) + response.body


@answer_mutant("bad_chunking", WIRE)
def broken_chunks(request: Request, response: Response) -> Answer:
    size = b"%x" % (len(response.body) - 2)
    return head(response) + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + response.body + b"\r\n0\r\n\r\n"


@answer_mutant("repeated_header", WIRE)
def body_sign_twice(request: Request, response: Response) -> Answer:
    sign = response.header("Body-Sign") or ""
    return Response(200, (*response.headers, ("Body-Sign", sign)), response.body)


@answer_mutant("no_answer", WIRE, SHAPE)
def hangs_up(request: Request, response: Response) -> Answer:
    return b"" if code(response) == "000002" else response


@answer_mutant("too_slow", SHAPE, "load", timeout=2)
def sleeps(request: Request, response: Response) -> Answer:
    if "instanceId" in members_of(response):
        time.sleep(2.5)
    return response


@wire_mutant("refuses_content_type", WIRE)
class ComparesTheWholeContentType(SpelledV2):
    def members(self, request: Request) -> dict[str, object]:
        if request.header("Content-Type") != "application/json;charset=utf8":
            raise Denied("000002", "the content type is not application/json;charset=utf8")
        return super().members(request)


@mutant("wrong_content_type", SHAPE, WIRE)
def html_on_error(folder: Path, protocol: str) -> Answering:
    """A framework's own page for exceptions, with status 200."""
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request, now, nonce):
        response = shop.respond(request, now, nonce)
        return response if code(response) == "000000" else page(200, "Whitelabel Error Page")

    return answering


@answer_mutant("details_in_answer", SHAPE, "secrets")
def stack_trace_in_the_message(request: Request, response: Response) -> Answer:
    if code(response) == "000000":
        return response
    trace = 'Traceback (most recent call last):\n  File "/srv/shop/produce.py", line 12, in answer\nKeyError: 1'
    return json_answer({**members_of(response), "resultMsg": trace}, key=KEY)


@answer_mutant("key_in_answer", SHAPE, "secrets", "signature", protocols=BOTH)
def says_what_was_signed(request: Request, response: Response) -> Answer:
    """A debugging aid that was left in: the signed text starts with the key."""
    if code(response) != "000001":
        return response
    return json_answer({**members_of(response), "resultMsg": f"expected hmac of {KEY}..."}, key=KEY)


@mutant("needs_chunking_or_length", WIRE, reads_once=True)
def reads_once(folder: Path, protocol: str) -> Answering:
    """One read of the socket, ignoring the length: sufficient on a single machine."""
    return Shop(folder, registry.protocol(protocol)).respond
