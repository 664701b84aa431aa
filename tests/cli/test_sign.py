"""``tradepost sign``: its output is accepted when pasted, in every version, and never shows the key."""

from __future__ import annotations

import os
import pty
import secrets
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tests import waiting
from tests.check.kit_seller import KEY, any_seller
from tradepost.check import CannotRun
from tradepost.check.signing import Signer
from tradepost.check.target import target_of
from tradepost.cli import main
from tradepost.kit.serve import running
from tradepost.market.production.curl import sign_command
from tradepost.protocols import registry
from tradepost.protocols.http import Request

ALL = sorted(registry.protocols())
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def signer(protocol: str, *, now: datetime | None = None) -> Signer:
    return Signer(
        target=target_of(protocol),
        key=KEY,
        clock=lambda: now or datetime.now(UTC),
        chance=lambda: secrets.token_hex(16),
    )


def code(*words: str) -> object:
    with pytest.raises(SystemExit) as left:
        main(["sign", *words])
    return left.value.code


def accepted(protocol: str, request: Request) -> bool:
    """Return the verdict of the version's own seller side."""
    registry.protocol(protocol).open(request, key=KEY, now=datetime.now(UTC), nonce_seen=lambda *_: False)
    return True


def activities() -> list[tuple[str, str]]:
    return [(name, word) for name in ALL for word in registry.protocol(name).activities.values()]


@pytest.mark.parametrize(("protocol", "activity"), activities())
def test_sample_of_every_activity_is_accepted(protocol, activity):
    request = signer(protocol).sample("http://127.0.0.1:1/p?a=1", activity, test=True, changes={})
    assert accepted(protocol, request)


@pytest.mark.parametrize(("protocol", "activity"), activities())
def test_expired_request_is_signed_again(protocol, activity):
    """saas-v2 §2.4: it is refused after 60 s; the same with a new signature is accepted, with any body."""
    old = signer(protocol, now=LONG_AGO).sample("http://127.0.0.1:1/p?a=1", activity, test=True, changes={})
    new = signer(protocol).again(old.url, old.body)
    assert accepted(protocol, new)
    dialect = target_of(protocol).dialect
    ignored = {dialect.timestamp, dialect.token}
    kept = [{n: v for n, v in dialect.members(one).items() if n not in ignored} for one in (old, new)]
    assert kept[0] == kept[1]
    assert (new.method, new.path) == (old.method, old.path)


def test_command_of_the_interface_messages_has_the_same_result(capsys, monkeypatch):
    """The seller center prints it below a call (production/curl.py)."""
    monkeypatch.setenv("TRADEPOST_KEY", KEY)
    old = signer("saas_v1", now=LONG_AGO).sample("http://127.0.0.1:1/p", "newInstance", test=True, changes={})
    words = subprocess.run(
        ["/bin/sh", "-c", f"tradepost() {{ printf '%s\\n' \"$@\"; }}; {sign_command(protocol='saas_v1', url=old.url, body='')}"],
        capture_output=True, text=True, check=True, timeout=waiting.PROGRAM_TIMEOUT
    ).stdout.splitlines()  # fmt: skip
    assert code(*words[1:]) == 0
    assert "authToken=" in capsys.readouterr().out


def test_members_are_changed_and_added():
    request = signer("saas_v2").sample(
        "http://127.0.0.1:1/p", "newInstance", test=False, changes={"orderId": "CS1", "more": "中 文"}
    )
    members = target_of("saas_v2").dialect.members(request)
    assert (members["orderId"], members["more"]) == ("CS1", "中 文")
    assert "testFlag" not in members
    assert accepted("saas_v2", request)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
@pytest.mark.parametrize("protocol", ALL)
def test_pasted_line_works(protocol, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TRADEPOST_KEY", KEY)
    activity = next(iter(registry.protocol(protocol).activities.values()))
    with running(any_seller(tmp_path, protocol)) as url:
        assert code(f"{url}/produce", activity, "--protocol", protocol) == 0
        printed = capsys.readouterr()
        told = subprocess.run(
            ["/bin/sh", "-c", printed.out], capture_output=True, text=True, check=True, timeout=waiting.PROGRAM_TIMEOUT
        ).stdout
        assert '"resultCode":"000000"' in told
        assert KEY not in printed.out + printed.err
        # The same again is a replay (saas-v2 §2.4), in versions with nonces.
        again = subprocess.run(
            ["/bin/sh", "-c", printed.out], capture_output=True, text=True, check=True, timeout=waiting.PROGRAM_TIMEOUT
        ).stdout
        stamped = target_of(protocol).dialect.stamped
        assert ('"resultCode":"000001"' in again) == stamped


def test_request_can_be_sent_at_once(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TRADEPOST_KEY", raising=False)
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")
    with running(any_seller(tmp_path, "saas_v2")) as url:
        words = (f"{url}/produce", "queryInstance", "--key-file", str(file), "--send")
        assert code(*words, "--set", "instanceId=i-1") == 0
        assert code(*words, "--set", "instanceId=i-1", "--real") == 1
    out, err = capsys.readouterr()
    assert '"instanceId":"i-1"' in out
    assert "HTTP/1.1 200" in out
    assert "resultCode 000003 came" in err
    assert KEY not in out + err


def test_key_is_read_from_the_terminal_without_echo():
    program = "from tradepost.cli import main; main()"
    leader, follower = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "TRADEPOST_KEY"}
    command = [sys.executable, "-c", program, "sign", "http://127.0.0.1:1/p", "queryInstance"]
    with subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:  # fmt: skip
        assert process.stderr is not None
        # Input before the prompt is discarded.
        asked = process.stderr.read(len(b"Signing key: "))
        os.write(leader, f"{KEY}\n".encode())
        out, err = process.communicate(timeout=600)
    os.set_blocking(leader, False)
    with pytest.raises(BlockingIOError):
        os.read(leader, 100)
    os.close(follower)
    os.close(leader)
    assert (process.returncode, asked) == (0, b"Signing key: ")
    assert b"signature=" in out
    assert KEY.encode() not in out + err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ftp://x/",), "is no address"),
        (("http://x/", "noSuch"), "no activity noSuch; there are: newInstance"),
        (("http://x/",), "name what to ask (newInstance"),
        (("http://x/", "newInstance", "--set", "orderId"), "--set orderId: write a name and a value"),
        (("http://x/", "newInstance", "--data", "{}"), "either an activity or --data"),
        (("http://x/", "--data", "{}", "--real"), "belong to an activity"),
        (("http://x/", "newInstance", "--protocol", "saas_v9"), "no protocol 'saas_v9'"),
        (("http://x/", "newInstance", "--key-file", "/no/such"), "/no/such"),
        (("http://x/?activity=newInstance", "--protocol", "saas_v1", "--data", "{}"), "has no body"),
        (("http://x/", "--data", "no json", "--protocol", "joint_kit_v2"), "is no JSON object"),
    ],
)
def test_exit_code_2_if_it_cannot_be_signed(words, said, capsys, monkeypatch):
    monkeypatch.setenv("TRADEPOST_KEY", KEY)
    assert code(*words) == 2
    assert said in capsys.readouterr().err


def test_missing_key_is_reported_with_how_to_pass_one(capsys, monkeypatch):
    monkeypatch.delenv("TRADEPOST_KEY", raising=False)
    assert code("http://127.0.0.1:1/p", "newInstance") == 2
    assert "give it with --key-file or TRADEPOST_KEY" in capsys.readouterr().err


def test_body_that_is_not_json_is_signed_unchanged():
    """In versions that sign the bytes of a body, so that broken bodies can be tested (saas-v2 §2.3)."""
    request = signer("saas_v2").again("http://127.0.0.1:1/p?signature=A&timestamp=1&nonce=n&t=7", b"{not json")
    assert request.body == b"{not json"
    assert request.query["t"] == "7"
    assert len(request.query["signature"]) == 64
    with pytest.raises(CannotRun, match="no JSON object"):
        signer("joint_kit_v1").again("http://127.0.0.1:1/p", b"[1]")
