"""Malicious and untested sellers: bytes that strain an HTTP client, and JSON that strains its reader.

``broken_sellers`` holds the faults of honest programs. Each attack has the verdict that its attempt must show.
"""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import struct
import threading
import zlib
from collections.abc import Callable

from tradepost.protocols.body_sign import body_sign

from .broken_sellers import KEY, Script, http, responding
from .broken_sellers import created as newly_created

GOOD_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MB = 1_048_576


def created(request: dict[str, str]) -> bytes:
    return newly_created(request, request.get("instanceId", ""))


def head(*lines: str) -> bytes:
    return GOOD_HEAD + b"".join(line.encode("latin-1") + b"\r\n" for line in lines) + b"\r\n"


def signed(body: bytes, *lines: str) -> bytes:
    """Return a correct response with exactly these extra headers: no length, no close."""
    return head(f"Body-Sign: {body_sign(body, KEY)}", *lines) + body


def endless(first: bytes, piece: Callable[[int], bytes]) -> Script:
    """Send for as long as the market reads, however slowly a loaded machine reads."""

    def script(connection: socket.socket, request: dict[str, str]) -> None:
        connection.settimeout(60)
        connection.sendall(first)
        for number in itertools.count():
            connection.sendall(piece(number))

    return script


def drip(first: bytes, byte: bytes) -> Script:
    """Send a byte now and then: never silent, never finished."""

    def script(connection: socket.socket, request: dict[str, str]) -> None:
        connection.sendall(first)
        stop = threading.Event()
        while True:
            connection.sendall(byte)
            stop.wait(0.1)

    return script


def then_waits(make: Callable[[dict[str, str]], bytes]) -> Script:
    def script(connection: socket.socket, request: dict[str, str]) -> None:
        connection.sendall(make(request))
        connection.settimeout(30)
        connection.recv(1)  # until the market hangs up

    return script


def reset_in_the_middle(connection: socket.socket, request: dict[str, str]) -> None:
    connection.sendall(http(created(request))[:-10])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_closed(connection: socket.socket, request: dict[str, str]) -> None:
    """Stop sending but keep reading."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(30)
    connection.recv(1)


def chunked(*pieces: bytes, sign: bytes = b"") -> bytes:
    lines = ["Transfer-Encoding: chunked", *([f"Body-Sign: {body_sign(sign, KEY)}"] if sign else [])]
    return head(*lines) + b"".join(pieces)


def compressed(name: str, pack: Callable[[bytes], bytes]) -> Callable[[dict[str, str]], bytes]:
    """Compress when the response is requested, not in each process that imports this module."""

    def make(request: dict[str, str]) -> bytes:
        return http(pack(b" " * 50 * MB), headers=(f"Content-Encoding: {name}",))

    return make


def _lines(body: bytes, *lengths: str) -> bytes:
    return signed(body, *(f"Content-Length: {length}" for length in lengths))


WIRE: dict[str, tuple[Script, str]] = {
    "gzip bomb": (responding(compressed("gzip", gzip.compress)), "content_encoding"),
    "deflate bomb": (responding(compressed("deflate", zlib.compress)), "content_encoding"),
    "gzip that is not": (responding(lambda r: http(created(r), headers=("Content-Encoding: gzip",))), "content_encoding"),
    "two encodings": (responding(lambda r: http(created(r), headers=("Content-Encoding: identity", "Content-Encoding: br"))), "done"),
    "endless chunks": (endless(chunked(), lambda n: b"10000\r\n" + b" " * 65_536 + b"\r\n"), "too_large"),
    "endless small chunks": (drip(chunked(), b"1\r\n \r\n"), "timeout"),
    "endless without length": (endless(head("Connection: close"), lambda n: b" " * 65_536), "too_large"),
    "endless chunk extension": (endless(chunked(b"1;"), lambda n: b"x" * 65_536), "too_large"),
    "endless headers": (endless(GOOD_HEAD, lambda n: b"X-%d: y\r\n" % n), "not_http"),
    "endless header line": (endless(GOOD_HEAD + b"X: ", lambda n: b"y" * 65_536), "not_http"),
    "endless status line": (endless(b"HTTP/1.1 200 ", lambda n: b"y" * 65_536), "not_http"),
    "endless 100 Continue": (endless(b"", lambda n: b"HTTP/1.1 100 Continue\r\n\r\n"), "too_large"),
    "endless blank lines": (endless(b"", lambda n: b"\r\n" * 100), "too_large"),
    "drip in the status line": (drip(b"HTTP/1.1 200 O", b"K"), "timeout"),
    "drip in a header": (drip(GOOD_HEAD + b"X-Slow: ", b"y"), "timeout"),
    "drip in the body": (drip(head("Content-Length: 1000"), b" "), "timeout"),
    "header of 1 MB": (responding(lambda r: http(created(r), headers=("X: " + "y" * MB,))), "not_http"),
    "10,000 headers": (responding(lambda r: http(created(r), headers=tuple(f"X-{n}: y" for n in range(10_000)))), "not_http"),
    "100 Continue, then the answer": (responding(lambda r: b"HTTP/1.1 100 Continue\r\n\r\n" + http(created(r))), "done"),
    "103 Early Hints, then nothing": (then_waits(lambda r: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "timeout"),
    "101 Switching Protocols": (then_waits(lambda r: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), "http_status"),
    "HTTP/0.9": (responding(created), "not_http"),
    "HTTP/2 preface": (responding(lambda r: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "not_http"),
    "HTTP/2 settings frame": (then_waits(lambda r: b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), "not_http"),
    "HTTP/3.0": (responding(lambda r: http(created(r)).replace(b"HTTP/1.1", b"HTTP/3.0")), "not_http"),
    "HTTP/1.0 without a length": (responding(lambda r: signed(created(r)).replace(b"HTTP/1.1", b"HTTP/1.0")), "done"),
    "TLS alert": (responding(lambda r: b"\x15\x03\x03\x00\x02\x02\x28"), "not_http"),
    "chunk size is no number": (responding(lambda r: chunked(b"zz\r\n{}\r\n0\r\n\r\n")), "not_http"),
    "chunk size is negative": (responding(lambda r: chunked(b"-2\r\n{}\r\n0\r\n\r\n")), "not_http"),
    "chunk size of 2^64": (responding(lambda r: chunked(b"10000000000000000\r\n{}\r\n0\r\n\r\n")), "not_http"),
    "chunk without its end": (responding(lambda r: chunked(b"2\r\n{}XX0\r\n\r\n")), "not_http"),
    "last chunk missing": (responding(lambda r: chunked(b"2\r\n{}\r\n")), "closed"),
    "good chunks": (responding(lambda r: chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(created(r)), created(r)), sign=created(r))), "done"),
    "length too large": (responding(lambda r: _lines(created(r), str(len(created(r)) + 5))), "closed"),
    "length too small": (responding(lambda r: _lines(created(r), str(len(created(r)) - 5))), "not_http"),
    "length negative": (responding(lambda r: _lines(created(r), "-1")), "not_http"),
    "length is no number": (responding(lambda r: _lines(created(r), "many")), "not_http"),
    "length with a sign": (responding(lambda r: _lines(created(r), f"+{len(created(r))}")), "not_http"),
    "length of 2^70": (responding(lambda r: _lines(created(r), str(2**70))), "not_http"),
    "two lengths that differ": (responding(lambda r: _lines(created(r), str(len(created(r))), "5")), "not_http"),
    "length and chunked": (responding(lambda r: head("Content-Length: 5", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n"), "not_http"),
    "two Transfer-Encodings": (responding(lambda r: head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + b"2\r\n{}\r\n0\r\n\r\n"), "body_sign_missing"),
    "unknown Transfer-Encoding": (responding(lambda r: http(created(r), headers=("Transfer-Encoding: rot13",))), "not_http"),
    "header without colon": (responding(lambda r: http(created(r), headers=("this is no header",))), "not_http"),
    "folded header": (responding(lambda r: http(created(r), headers=("X-A: b", " c"))), "done"),
    "header with NUL": (responding(lambda r: http(created(r), headers=("X-A: b\x00c",))), "not_http"),
    "blank before the colon": (responding(lambda r: http(created(r), headers=("Content-Length : 5",))), "not_http"),
    "lines end with LF": (responding(lambda r: http(created(r)).replace(b"\r\n", b"\n")), "done"),
    "headers beyond ASCII": (responding(lambda r: http(created(r), headers=("X-Who: b\xfcro",))), "done"),
    "1 MB of cookies": (responding(lambda r: http(created(r), headers=tuple(f"Set-Cookie: a{n}={'y' * 8000}" for n in range(100)))), "done"),
    "status 99": (responding(lambda r: http(created(r), status="99 Low")), "not_http"),
    "status 999": (responding(lambda r: http(created(r), status="999 High")), "http_status"),
    "status 2000": (responding(lambda r: http(created(r), status="2000 OK")), "not_http"),
    "status -200": (responding(lambda r: http(created(r), status="-200 OK")), "not_http"),
    "201": (responding(lambda r: http(created(r), status="201 Created")), "http_status"),
    "204": (responding(lambda r: http(b"", status="204 No Content")), "http_status"),
    "204 with a body": (responding(lambda r: http(created(r), status="204 No Content")), "not_http"),
    "206": (responding(lambda r: http(created(r), status="206 Partial", headers=("Content-Range: bytes 0-9/99",))), "http_status"),
    "301": (responding(lambda r: http(b"", status="301 Moved", headers=("Location: https://a.example/",))), "redirect"),
    "304": (responding(lambda r: http(b"", status="304 Not Modified")), "redirect"),
    "307 to metadata": (responding(lambda r: http(b"", status="307 Temporary", headers=("Location: http://169.254.169.254/",))), "redirect"),
    "308 to javascript": (responding(lambda r: http(b"", status="308 Permanent", headers=("Location: javascript:alert(1)",))), "redirect"),
    "302 to nothing": (responding(lambda r: http(b"", status="302 Found")), "redirect"),
    "302 to garbage": (responding(lambda r: http(b"", status="302 Found", headers=("Location: http://[::",))), "redirect"),
    "401 with a challenge": (responding(lambda r: http(b"", status="401 No", headers=('WWW-Authenticate: Basic realm="x"',))), "http_status"),
    "401 with a digest challenge": (responding(lambda r: http(b"", status="401 No", headers=('WWW-Authenticate: Digest realm="x", nonce="y"',))), "http_status"),
    "407": (responding(lambda r: http(b"", status="407 No", headers=("Proxy-Authenticate: Basic",))), "http_status"),
    "413 for a day": (responding(lambda r: http(b"", status="413 Large", headers=("Retry-After: 999999999999999999",))), "http_status"),
    "429 until a date": (responding(lambda r: http(b"", status="429 Slow", headers=("Retry-After: Wed, 21 Oct 2099 07:28:00 GMT",))), "http_status"),
    "503 for a negative time": (responding(lambda r: http(b"", status="503 Slow", headers=("Retry-After: -5",))), "http_status"),
    "503 in other digits": (responding(lambda r: http(b"", status="503 Slow").replace(b"Connection: close", b"Connection: close\r\nRetry-After: \xb2\xb3")), "http_status"),
    "reset in the body": (reset_in_the_middle, "closed"),
    "half closed": (half_closed, "closed"),
    "two Body-Signs, the first wrong": (responding(lambda r: signed(created(r), "Connection: close").replace(b"Body-Sign", b'Body-Sign: sign_type="HMAC-SHA256", signature="AAAA"\r\nBody-Sign')), "body_sign_wrong"),
    "two Content-Types": (responding(lambda r: http(created(r), headers=("Content-Type: text/html",))), "done"),
}  # fmt: skip


def body(text: bytes | str, **more: object) -> Script:
    return responding(lambda r: http(text.encode() if isinstance(text, str) else text))


def answers(**members: object) -> Script:
    """Return an envelope with these members; ``instanceId`` is valid if it is not among them."""
    return responding(
        lambda r: http(
            json.dumps(
                {"resultCode": "000000", "resultMsg": "ok", "instanceId": r.get("businessId", "i"), **members}
            ).encode()
        )
    )


def _deep(depth: int) -> str:
    return '{"resultCode":"000000","instanceId":"i","x":' + "[" * depth + "]" * depth + "}"


def _coded(charset: str) -> Callable[[dict[str, str]], bytes]:
    def make(request: dict[str, str]) -> bytes:
        text = json.dumps(
            {"resultCode": "000000", "resultMsg": "成功", "instanceId": request.get("businessId", "i")},
            ensure_ascii=False,
        )
        return http(text.encode(charset)).replace(b"application/json", f"application/json; charset={charset}".encode())

    return make


EVIL = "<script>alert(1)</script>"
CONTENT: dict[str, tuple[Script, str]] = {
    "UTF-16": (responding(_coded("utf-16")), "not_json"),
    "UTF-8 with a byte order mark": (responding(_coded("utf-8-sig")), "not_json"),
    "GBK": (responding(_coded("gbk")), "not_json"),
    "empty": (body(""), "not_json"),
    "blanks": (body(" " * 1000), "not_json"),
    "NULs": (body(b"\x00" * 1000), "not_json"),
    "every byte": (body(bytes(range(256)) * 300), "not_json"),
    "1 MB of text": (body("成功" * 170_000), "not_json"),
    "an array": (body("[]"), "not_json"),
    "a string": (body('"000000"'), "not_json"),
    "null": (body("null"), "not_json"),
    "a number": (body("1e999"), "not_json"),
    "two objects": (body('{"resultCode":"000000"}{"resultCode":"000000"}'), "not_json"),
    "deep lists": (body(_deep(100_000)), "not_json"),
    "deep objects": (body('{"a":' * 100_000 + "1" + "}" * 100_000), "not_json"),
    "integer of a million digits": (body('{"resultCode":"000000","instanceId":"i","x":' + "9" * 1_000_000 + "}"), "not_json"),
    "fraction of a million digits": (body('{"resultCode":"000000","instanceId":"i","x":0.' + "9" * 1_000_000 + "}"), "not_json"),
    "1e999": (body('{"resultCode":"000000","instanceId":"i","x":1e999}'), "not_json"),
    "1e999999999999999999999": (body('{"resultCode":"000000","instanceId":"i","x":1e999999999999999999999}'), "not_json"),
    "NaN": (body('{"resultCode":"000000","instanceId":"i","x":NaN}'), "not_json"),
    "-Infinity": (body('{"resultCode":"000000","instanceId":"i","x":-Infinity}'), "not_json"),
    "a name twice": (body('{"resultCode":"000000","instanceId":"i","resultCode":"000005"}'), "not_json"),
    "half a surrogate pair": (body('{"resultCode":"000000","resultMsg":"\\ud800","instanceId":"i"}'), "not_json"),
    "half a surrogate pair in a name": (body('{"resultCode":"000000","\\udfff":1,"instanceId":"i"}'), "not_json"),
    "100,000 members": (body(json.dumps({f"m{n}": n for n in range(60_000)})), "missing_field"),
    "resultCode missing": (answers(resultCode=None), "missing_field"),
    "resultCode a number": (answers(resultCode=0), "bad_field"),
    "resultCode a list": (answers(resultCode=["000000"]), "bad_field"),
    "resultCode an object": (answers(resultCode={"a": 1}), "bad_field"),
    "resultCode true": (answers(resultCode=True), "bad_field"),
    "resultCode blank": (answers(resultCode="      "), "missing_field"),
    "resultCode long": (answers(resultCode="0" * 1000), "bad_field"),
    "resultCode unknown": (answers(resultCode="999999"), "999999"),
    "resultCode a word": (answers(resultCode="done"), "bad_field"),
    "resultCode another word": (answers(resultCode="closed"), "bad_field"),
    "resultCode HTML": (answers(resultCode="<b>x</"), "bad_field"),
    "resultCode NUL": (answers(resultCode="00\x0000"), "bad_field"),
    "resultCode in other digits": (answers(resultCode="００００００"), "bad_field"),
    "resultMsg 1 MB": (answers(resultCode="000005", resultMsg="x" * (MB - 200)), "000005"),
    "resultMsg a list": (answers(resultCode="000005", resultMsg=["x"]), "bad_field"),
    "resultMsg NUL": (answers(resultCode="000005", resultMsg="a\x00b\x1b[31m"), "000005"),
    "resultMsg HTML": (answers(resultCode="000005", resultMsg=EVIL), "000005"),
    "resultMsg turns the text around": (answers(resultCode="000005", resultMsg="\u202egnp.exe"), "000005"),
    "instanceId empty": (answers(instanceId=""), "missing_field"),
    "instanceId blank": (answers(instanceId=" \u3000"), "missing_field"),
    "instanceId a number": (answers(instanceId=7), "bad_field"),
    "instanceId of 65": (answers(instanceId="i" * 65), "bad_field"),
    "instanceId of 64 emoji": (answers(instanceId="\U0001f600" * 64), "done"),
    "instanceId with NUL": (answers(instanceId="a\x00b"), "bad_field"),
    "instanceId with a comma": (answers(instanceId="a,b"), "bad_field"),
    "instanceId with HTML": (answers(instanceId=EVIL), "done"),
    "instanceId with a line end": (answers(instanceId="a\r\nX-Evil: 1"), "bad_field"),
    "pending with NUL": (answers(resultCode="000004", instanceId="p\x00q"), "bad_field"),
    "unsigned with NUL": (responding(lambda r: http(json.dumps({"resultCode": "000000", "instanceId": "n\x00m"}).encode(), signed=False)), "body_sign_missing"),
}  # fmt: skip


def gives(**app: object) -> Script:
    """Create the instance, then answer queryInstance with this access data."""

    def make(request: dict[str, str]) -> bytes:
        if request["activity"] == "newInstance":
            return http(created(request))
        info = [{"instanceId": request["instanceId"], "appInfo": {"frontEndUrl": "https://app.example/", **app}}]
        return http(json.dumps({"resultCode": "000000", "resultMsg": "ok", "info": info}).encode())

    return responding(make)


ACCESS: dict[str, tuple[Script, str]] = {
    "javascript": (gives(frontEndUrl="javascript:alert(1)", adminUrl=" JaVaScRiPt:alert(1)"), "done"),
    "data": (gives(frontEndUrl=f"data:text/html,{EVIL}", adminUrl="vbscript:x"), "done"),
    "credentials": (gives(frontEndUrl="https://bank.example@evil.example/", adminUrl="//evil.example/"), "done"),
    "line ends": (gives(frontEndUrl="java\nscript:alert(1)", adminUrl="\x01javascript:alert(1)"), "done"),
    "no address": (gives(frontEndUrl="http://[::", adminUrl="https://"), "done"),
    "HTML": (gives(frontEndUrl=f'https://app.example/"><{EVIL}', userName=EVIL, password=EVIL, memo=EVIL), "done"),
    "quotes": (gives(frontEndUrl="https://app.example/' onclick='x", userName='" onfocus="x', memo="</textarea>" + EVIL), "done"),
    "NUL": (gives(frontEndUrl="https://app.example/\x00", userName="a\x00b", password="\x00", memo="\x00"), "done"),
    "address too long": (gives(frontEndUrl="https://app.example/" + "x" * 500), "bad_field"),
    "password too long": (gives(password="p" * 129), "bad_field"),
    "memo too long": (gives(memo="m" * 1025), "bad_field"),
    "password a number": (gives(password=12345678), "bad_field"),
    "appInfo a list": (responding(lambda r: http(created(r) if r["activity"] == "newInstance" else b'{"resultCode":"000000","info":[{"instanceId":"%s","appInfo":[]}]}' % r["instanceId"].encode())), "bad_field"),
}  # fmt: skip
