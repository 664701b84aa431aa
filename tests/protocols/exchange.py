"""Shared by the tests of the smaller protocol folders: one key, one time, both ends of a wire, and its golden files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hypothesis import strategies as st

from tradepost.protocols.commands import Done, Pending, Rejected
from tradepost.protocols.contract import Denied, SellerProtocol
from tradepost.protocols.http import Request, Response
from tradepost.protocols.json_answer import json_answer

KEY = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NONCE = "Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
ADDRESS = "https://isv.example.com/produce"
INSTANCE = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
ORDER = "CS2211181819B4LVS"
LINE = "CS2211181819B4LVS-000001"


@dataclass(frozen=True)
class Wire:
    """Both ends of one protocol with the shared key, clock and nonce."""

    protocol: SellerProtocol

    def encode(self, command, *, address: str = ADDRESS) -> Request:
        return self.protocol.encode(command, address=address, key=KEY, now=NOW, nonce=NONCE)

    def open(self, request, *, now=NOW, key=KEY):
        return self.protocol.open(request, key=key, now=now, nonce_seen=lambda nonce, until: False)

    def denied(self, request, *, now=NOW, key=KEY) -> tuple[str, str]:
        try:
            opened = self.open(request, now=now, key=key)
        except Denied as refusal:
            return refusal.code, refusal.message
        raise AssertionError(f"opened as {opened}")

    def answer(self, command, outcome) -> Response:
        return self.protocol.answer(command, outcome, key=KEY, nonce=NONCE)

    def decode(self, command, response, *, require_body_sign=True):
        return self.protocol.decode(command, response, key=KEY, require_body_sign=require_body_sign)

    # --- golden exchanges ------------------------------------------------------------------------------------------

    def golden(self, name: str) -> Path:
        folder = resources.files(f"tradepost.protocols.{self.protocol.name}").joinpath("golden")
        return Path(str(folder)) / f"{name}.json"

    def names(self) -> set[str]:
        return {path.stem for path in self.golden("x").parent.glob("*.json")}

    def exchange(self, section, command, outcome) -> str:
        """Return the text of a golden file."""
        request, response = self.encode(command), self.answer(command, outcome)
        url = urlsplit(request.url)
        target = f"{url.path}?{url.query}" if url.query else url.path
        shown = {
            "spec": section,
            "key": KEY,
            "now": NOW.isoformat(),
            "nonce": NONCE,
            "address": ADDRESS,
            "request": {
                "line": f"{request.method} {target} HTTP/1.1",
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8"),
            },
            "response": {
                "line": f"HTTP/1.1 {response.status} OK",
                "headers": dict(response.headers),
                "body": response.body.decode("ascii"),
            },
        }
        return json.dumps(shown, ensure_ascii=False, indent=2) + "\n"

    def read(self, name: str) -> tuple[Request, Response]:
        """Return the two halves of a golden file."""
        stored = json.loads(self.golden(name).read_text("utf-8"))
        asked, answered = stored["request"], stored["response"]
        method, target, _ = asked["line"].split(" ")
        url = f"https://isv.example.com{target}"
        request = Request(method, url, tuple(asked["headers"].items()), asked["body"].encode())
        return request, Response(200, tuple(answered["headers"].items()), answered["body"].encode())

    def write_golden(self, exchanges) -> None:
        for section, command, outcome in exchanges:
            path = self.golden(self.protocol.activities[type(command)])
            path.parent.mkdir(exist_ok=True)
            path.write_text(self.exchange(section, command, outcome), "utf-8")


def signed(members: Any) -> Response:
    """Return a correctly signed answer with any members, valid or not."""
    return json_answer(members, key=KEY)


# --- strategies ------------------------------------------------------------------------------------------------------

characters = st.characters(exclude_categories=["Cs"])
printable = st.characters(exclude_categories=["Cs", "Cc"])


def text(length: int, *, least: int = 1, alphabet=characters):
    return st.text(alphabet, min_size=least, max_size=length).filter(lambda value: not value or value.strip())


ids = text(64, alphabet=printable)
optional_ids = text(64, least=0, alphabet=printable)
seconds = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
messages = text(255)
refusals = st.builds(
    Rejected,
    code=st.from_regex(r"\A[0-9]{6}\Z").filter(lambda code: code not in {"000000", "000004"}),
    message=messages,
    retryable=st.just(True),
)
results = (
    st.builds(Done, message=messages, instance_id=st.just(""), instances=st.just(()), license=st.just(""))
    | st.builds(Pending, message=messages, instance_id=st.just(""))
    | refusals
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
wild_answers = st.fixed_dictionaries(
    {"resultCode": st.sampled_from(["000000", "000004", "000003"]) | json_values},
    optional=dict.fromkeys(("resultMsg", "instanceId"), json_values),
)
