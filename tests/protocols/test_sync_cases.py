"""The debugged secret is entered in plain text, with the public key, and encrypted for each call (openapi-jointkit
§A.6, §A.10).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tradepost.protocols.cases import CaseRefused, cases_of
from tradepost.protocols.client_secret import decrypt
from tradepost.protocols.sync_commands import SyncApplication

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PRIVATE = (Path(__file__).parents[1] / "data/joint-seller.pem").read_text(encoding="ascii")


def public() -> str:
    key = serialization.load_pem_private_key(PRIVATE.encode(), password=None).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return "".join(pem.splitlines()[1:-1])


def asked(protocol: str, **typed: str) -> SyncApplication:
    cases = cases_of(protocol)
    case = cases.case("applicationSync")
    assert case is not None
    command = cases.command(case, {**cases.values(case, now=NOW, known={}), **typed})
    assert isinstance(command, SyncApplication)
    return command


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_market_encrypts_the_input_with_a_key(protocol: str) -> None:
    first, second = (asked(protocol, clientSecret="明文 secret", publicKey=public()) for _ in range(2))
    assert decrypt(first.encrypted_secret, PRIVATE) == decrypt(second.encrypted_secret, PRIVATE) == "明文 secret"
    assert first.encrypted_secret != second.encrypted_secret
    assert asked(protocol, clientSecret="QUJD").encrypted_secret == "QUJD"


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
@pytest.mark.parametrize("typed", [{"publicKey": "no key"}, {"clientSecret": "x" * 400}])
def test_input_that_cannot_be_encrypted_makes_no_request(protocol: str, typed: dict[str, str]) -> None:
    with pytest.raises(CaseRefused):
        asked(protocol, **{"clientSecret": "plain", "publicKey": public(), **typed})
