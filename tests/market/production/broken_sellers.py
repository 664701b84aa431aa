"""Sellers that break the exchange in one way each: a raw socket server, so that no library repairs its responses."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tradepost.protocols.body_sign import body_sign

KEY = "a signing key of tests"


def http(body: bytes, *, status: str = "200 OK", headers: tuple[str, ...] = (), signed: bool = True) -> bytes:
    """Return a whole response; ``signed`` adds the right Body-Sign."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    if signed:
        lines.append(f"Body-Sign: {body_sign(body, KEY)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def created(request: dict[str, str], instance: str = "") -> bytes:
    answer = {"resultCode": "000000", "resultMsg": "success", "instanceId": instance or request["businessId"]}
    return json.dumps(answer).encode()


def honest_response(request: dict[str, str]) -> bytes:
    """Return the response of an honest seller: immediate, with access data."""
    if request["activity"] == "newInstance":
        return http(created(request))
    app = {"frontEndUrl": "https://app.example/", "userName": "u", "password": "p"}
    info = [{"instanceId": i, "appInfo": app} for i in request.get("instanceId", "").split(",")]
    return http(json.dumps({"resultCode": "000000", "resultMsg": "success", "info": info}).encode())


Script = Callable[[socket.socket, dict[str, str]], None]


def responding(make: Callable[[dict[str, str]], bytes]) -> Script:
    return lambda connection, request: connection.sendall(make(request))


def send_slowly(connection: socket.socket, request: dict[str, str]) -> None:
    """Send one byte at a time: never silent for long, and never finished within the limit."""
    stop = threading.Event()
    for byte in http(created(request)):
        connection.sendall(bytes([byte]))
        stop.wait(0.2)


def ten_megabytes(connection: socket.socket, request: dict[str, str]) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10485760\r\n\r\n")
    for _ in range(160):
        connection.sendall(b" " * 65_536)


def silent(connection: socket.socket, request: dict[str, str]) -> None:
    connection.settimeout(30)
    connection.recv(1)  # until the market hangs up


def send_half(connection: socket.socket, request: dict[str, str]) -> None:
    connection.sendall(http(created(request))[:-10])


SCRIPTS: dict[str, tuple[Script, str]] = {
    "garbage": (responding(lambda r: http(b"\xff\xfe<html>oops")), "not_json"),
    "not http": (responding(lambda r: b"SSH-2.0-OpenSSH_9.9\r\n"), "not_http"),
    "an html page": (responding(lambda r: http(b"<html/>").replace(b"application/json", b"text/html")), "content_type"),
    "10 MB": (ten_megabytes, "too_large"),
    "slowly": (send_slowly, "timeout"),
    "never": (silent, "timeout"),
    "a redirect": (
        responding(lambda r: http(b"", status="302 Found", headers=("Location: http://10.0.0.1/",))),
        "redirect",
    ),
    "HTTP 500": (responding(lambda r: http(b'{"resultCode":"000000"}', status="500 Oops")), "http_status"),
    "closes the socket": (lambda c, r: None, "closed"),
    "half an answer": (send_half, "closed"),
    "Body-Sign missing": (responding(lambda r: http(created(r), signed=False)), "body_sign_missing"),
    "Body-Sign in lower case": (
        responding(lambda r: http(created(r)).replace(b"Body-Sign", b"body-sign")),
        "body_sign_missing",
    ),
    "Body-Sign of another body": (
        responding(lambda r: http(created(r)).replace(b'"success"', b'"Success"')),
        "body_sign_wrong",
    ),
    "no instanceId": (responding(lambda r: http(b'{"resultCode":"000000","resultMsg":"success"}')), "missing_field"),
    "another order's instanceId": (responding(lambda r: http(created(r, "taken-instance"))), "instance_taken"),
    "sold out": (responding(lambda r: http(b'{"resultCode":"000106","resultMsg":"sold out"}')), "000106"),
}


class Server:
    """Answers each request of a path with the script of that path, on one loopback port; keeps the requests."""

    def __init__(self, scripts: dict[str, Script]) -> None:
        self.scripts = scripts
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._closed = False

    def run(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                path, request = _read(connection)
                self.requests.append((path, request))
                self.scripts[path](connection, request)
            except (OSError, ValueError):
                return  # the market hung up first

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def asked(self, activity: str, path: str = "") -> list[dict[str, str]]:
        return [r for p, r in self.requests if r["activity"] == activity and (not path or p == path)]


def _read(connection: socket.socket) -> tuple[str, dict[str, str]]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536) or _hung_up()
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65_536) or _hung_up()
    return head.split(b" ")[1].split(b"?")[0].decode(), json.loads(body)


def _hung_up() -> bytes:
    raise ConnectionResetError


@contextmanager
def serving(scripts: dict[str, Script]) -> Iterator[Server]:
    server = Server(scripts)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)
