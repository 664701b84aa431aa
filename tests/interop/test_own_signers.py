"""Signers in three languages, written from the public description alone, call a live market (openapi-jointkit §C.1).

They share no code with the market. Their requests are valid but unusual. The API may refuse such a query for other
reasons, so every response except the gateway's 401 proves the signature.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests import waiting
from tests.interop.conftest import Market
from tests.interop.sellers import starting

HERE = Path(__file__).parent / "signers"
MOCK = ("orderId", "MOCKPERIODYEARNEW")

type Pairs = Sequence[tuple[str, str]]

CASES: Mapping[str, tuple[str, Pairs, Pairs, str, tuple[int, str]]] = {
    "plain": ("GET", [MOCK], [], "", (200, "MKT.0000")),
    "no query": ("GET", [], [], "", (400, "MKT.0101")),
    "an empty value": ("GET", [MOCK, ("orderLineId", "")], [], "", (200, "MKT.0000")),
    "not in their order": ("GET", [("orderLineId", "MOCKPERIODYEARNEW-000001"), MOCK], [], "", (200, "MKT.0000")),
    "a parameter three times": ("GET", [("orderId", "b"), ("orderId", "a"), ("orderId", "B")], [], "", (400, "MKT.0199")),
    "names that begin alike": ("GET", [("a", "2"), ("a-b", "1"), ("a", "1"), ("a.b", "3"), ("A", "0")], [], "", (400, "MKT.0101")),
    "every kind of character": ("GET", [("orderId", "~-._ +*/%=&?#:;,@!$'()[]\"<>|\\^`{}")], [], "", (500, "MKT.0100")),
    "Chinese and an emoji": ("GET", [("orderId", "订单 \U0001f600"), ("名", "值")], [], "", (400, "MKT.0101")),
    "names of headers in any case": ("GET", [MOCK], [("X-ZULU", "z"), ("x-alpha", "a"), ("X-Domain-ID", "d")], "", (200, "MKT.0000")),
    "blanks around and in a value": ("GET", [MOCK], [("X-Note", "  two  blanks  ")], "", (200, "MKT.0000")),
    "a body": ("GET", [MOCK], [], '{"名": "值"}', (200, "MKT.0000")),
    "a body that is not signed": ("GET", [MOCK], [("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD")], "{}", (200, "MKT.0000")),
    "a condition that does not hold": ("GET", [MOCK], [("If-Match", '"another"')], "", (412, "MKT.0199")),
    "another method": ("POST", [MOCK], [], "{}", (404, "APIGW.0101")),
}  # fmt: skip


def line(method: str, query: Pairs, headers: Pairs, body: str) -> str:
    def hexed(pairs: Pairs) -> str:
        return "&".join("=".join(side.encode().hex().upper() for side in pair) for pair in pairs) or "-"

    return " ".join([method, hexed(query), hexed(headers), body.encode().hex().upper() or "-"])


def signer(language: str) -> list[str]:
    """Return the command of a signer. Raises ``Missing`` if this machine lacks what it needs."""
    match language:
        case "node":
            return [starting.node().seller[0], str(HERE / "sign.mjs")]
        case "java" if shutil.which("java"):
            return ["java", str(HERE / "Sign.java")]
        case "shell" if all(shutil.which(program) for program in ("bash", "curl", "openssl")):
            return ["bash", str(HERE / "sign.sh")]
    raise starting.Missing(f"this machine cannot run the signer in {language}")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["node", "java", "shell"])
def test_signature_of_another_language_is_accepted(language: str, market: Market) -> None:
    try:
        command = signer(language)
    except starting.Missing as missing:
        pytest.skip(str(missing))
    given = {"MARKET": market.url, "AK": market.access_key, "SK": market.secret_key}
    asked = "".join(f"{line(*case[:4])}\n" for case in CASES.values())
    done = subprocess.run(
        command,
        input=asked,
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=False,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for name, said in zip(CASES, done.stdout.splitlines(), strict=True):
        answer, status = re.fullmatch(r"(.*) (\d+)", said).groups()  # type: ignore[union-attr]  # fails with the line
        members = json.loads(answer)
        found[name] = int(status), members.get("resultCode") or members["error_code"]
    assert found == {name: case[4] for name, case in CASES.items()}
