"""Generated curl commands send the original request, whatever its body or address contains."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import waiting
from tradepost.market.production.curl import curl_line, resigning_lines
from tradepost.protocols.http import Request
from tradepost.protocols.saas_v2.signing import open_request, sign_request

HEADERS = [["Accept", "application/json"], ["Content-Type", "application/json;charset=utf8"]]
URL = "https://seller.example/produce?signature=AB12&timestamp=1680508066618&nonce=N0"
KEY = "0123456789abcdef0123456789ABCDEF"
# A shell cannot hold a NUL; lone surrogates were never sent. curl's own line ends are not tested here.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def read_by_shell(program: str, *, feed: str = "") -> list[str]:
    """Return the arguments that curl would get, by running the lines with a shell whose curl prints them."""
    shell = f'curl() {{ printf "%s\\0" "$@"; }}\n{program}'
    ran = subprocess.run(
        ["/bin/sh", "-c", shell], input=feed.encode(), capture_output=True, check=True, timeout=waiting.PROGRAM_TIMEOUT
    )
    return ran.stdout.decode().rpartition("\0")[0].rpartition("Signing key: ")[2].split("\0")


def test_command_repeats_method_address_headers_and_body():
    line = curl_line(method="POST", url=URL, headers=HEADERS, body='{"activity":"newInstance"}')

    assert shlex.split(line) == [
        "curl", "--silent", "--show-error", "--include", "--globoff", "--max-time", "20", "--http1.1",
        "--request", "POST",
        "--header", "Accept: application/json",
        "--header", "Content-Type: application/json;charset=utf8",
        "--url", URL,
        "--data-raw", '{"activity":"newInstance"}',
    ]  # fmt: skip


@given(body=TEXT, path=TEXT)
def test_any_text_is_one_shell_argument(body, path):
    line = curl_line(method="POST", url=f"https://s.example/{path}", headers=HEADERS, body=body)

    words = shlex.split(line)
    assert words[words.index("--url") + 1] == f"https://s.example/{path}"
    assert words[14:] == (
        ["--url", f"https://s.example/{path}", "--data-raw", body] if body else ["--url", f"https://s.example/{path}"]
    )
    checked = subprocess.run(
        ["/bin/sh", "-n"], input=line.encode(), capture_output=True, check=False, timeout=waiting.PROGRAM_TIMEOUT
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("body", ["'; touch /tmp/x; '", "$(id)", "`id`", "@/etc/passwd", "a\nb", "!history", "\\"])
def test_shell_gives_curl_the_same_body(body):
    line = curl_line(method="POST", url=URL, headers=HEADERS, body=body)

    assert read_by_shell(line)[-2:] == ["--data-raw", body]


def test_headers_that_curl_makes_and_invalid_headers_are_left_out():
    headers = [["Host", "x"], ["Content-Length", "3"], ["@/etc/passwd", ""], ["X-Empty", ""], ["X-One", "1"]]

    words = shlex.split(curl_line(method="GET", url=URL, headers=headers, body=""))

    assert [words[at + 1] for at, word in enumerate(words) if word == "--header"] == ["X-Empty;", "X-One: 1"]
    assert "--data-raw" not in words


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the lines sign with openssl")
@pytest.mark.parametrize("address", ["https://seller.example/produce", "https://seller.example/p?tenant=a%20b&x="])
def test_signature_is_renewed_so_that_the_seller_accepts_it(address):
    """saas-v2 §2.3: HMAC over key, nonce, timestamp and the body's lowercase HMAC."""
    old = sign_request(
        {"activity": "newInstance", "memo": "it's 商埠"},
        address=address,
        key=KEY,
        now=datetime(2020, 1, 1, tzinfo=UTC),
        nonce="OLD",
    )
    program = resigning_lines(method=old.method, url=old.url, headers=old.headers, body=old.body.decode())

    words = read_by_shell(program, feed=f"{KEY}\n")

    assert KEY not in program
    url = words[words.index("--url") + 1]
    assert url.startswith(address + ("&" if "?" in address else "?"))
    body = words[words.index("--data-raw") + 1].encode()
    assert body == old.body
    members = open_request(
        Request("POST", url, old.headers, body), key=KEY, now=datetime.now(UTC), nonce_seen=lambda *_: False
    )
    assert members["memo"] == "it's 商埠"


def test_only_signed_urls_are_signed_again():
    assert resigning_lines(method="POST", url="https://seller.example/p?timestamp=1", headers=HEADERS, body="{}") == ""
