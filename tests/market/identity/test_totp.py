"""Time-based codes: the test vectors of RFC 6238, the adjacent steps, and single use of each step."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.identity import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
AT = datetime(2026, 3, 1, 8, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
     (20000000000, "353130")],
)  # fmt: skip
def test_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """Appendix B, SHA-1; the last six of the eight digits."""
    at = datetime.fromtimestamp(seconds, tz=UTC)
    assert totp.code_at(SECRET, totp.step_of(at)) == code
    assert totp.matching_step(SECRET, code, now=at, after=-1) == seconds // 30


@pytest.mark.parametrize(("off", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clock_of_the_app_may_be_one_step_off(off: int, *, accepted: bool) -> None:
    """§5.2, §6."""
    code = totp.code_at(SECRET, totp.step_of(AT + off * STEP))
    assert (totp.matching_step(SECRET, code, now=AT, after=-1) is not None) is accepted


@given(st.integers(-1, 1), st.integers(-3, 3))
def test_used_and_earlier_steps_are_refused(off: int, used: int) -> None:
    """§5.2: "must not accept the second attempt"."""
    current_step = totp.step_of(AT)
    code = totp.code_at(SECRET, current_step + off)
    matched_step = totp.matching_step(SECRET, code, now=AT, after=current_step + used)
    assert matched_step == (current_step + off if off > used else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "000 00", "0" * 40])
def test_malformed_code_does_not_match(code: str) -> None:
    assert totp.matching_step(SECRET, code, now=AT, after=-1) is None


def test_provisioning_uri_can_be_read_by_an_app() -> None:
    """The key URI format of authenticator apps encodes blanks as %20, never as a plus sign."""
    uri = totp.provisioning_uri(SECRET, account="li lei@acme.example", issuer="market.example:8000")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, "+" in uri) == ("otpauth", "totp", False)
    assert unquote(parts.path) == "/market.example:8000:li lei@acme.example"
    parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parameters == {
        "secret": SECRET, "issuer": "market.example:8000", "algorithm": "SHA1", "digits": "6", "period": "30",
    }  # fmt: skip
