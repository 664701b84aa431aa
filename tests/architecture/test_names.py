"""The private words that the code once spoke are gone, and stay so: no identifier, no module has one of them."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.architecture import source

GONE = {
    "come_true": "apply", "by_hand": "sandbox", "acts": "sandbox_acts", "spoken_for": "protocol_of",
    "record_apart": "record_each", "together": "batched", "Together": "Batched", "wish": "idempotency_key",
    "Asking": "CallRequest", "Asked": "ApiRequest, CallProgress, Probe", "askings": "requests", "Door": "AddressState, ApiMiddleware",
    "Desk": "DatabaseThread", "desk": "thread", "Ticket": "ClaimedCall", "tickets": "claimed", "Delivery": "Operation",
    "END_OF_PERIOD": "LIFE", "END_OF_RETENTION": "LIFE", "conduct": "specification", "CONDUCT": "SPECIFICATION",
    "rehearsed": "for_tests",
}  # fmt: skip
"""What it was called, and what it is called now."""
GONE_MODULES = {
    "come_true", "by_hand", "acts", "asking", "door", "company", "stock", "conduct", "facts.check", "shared", "words", "wording",
    "carrying", "reading", "sound", "tied", "allauth_words", "engine_queries", "once",
}  # fmt: skip
ALLOWED = {
    # Who was authorised by hand, rather than by a group (joint.md §4).
    "by_hand": {
        f"src/tradepost/market/applications/{name}.py"
        for name in ("authorise", "bind", "desired", "models", "migrations/0001_initial")
    },
    "wish": {
        f"src/tradepost/market/{path}.py"
        for path in (
            "invoices/models",
            "invoices/issue",
            "invoices/take_back",
            "notifications/invoice_reactions",
            "sites/seller_center/fee_invoices",
            "work_queue/sources/invoices",
        )
    },
    # What CAS gives a browser for a service.
    "tickets": {"src/tradepost/market/auth_centre/cas_pages.py"},
    "acts": {"src/tradepost/market/fulfilment/sandbox_acts.py", "src/tradepost/market/sites/seller_center/try_out.py"},
}
"""Where the word means what everybody means by it."""
FOLDERS = ("src", "bench", "scripts", "examples")


def _modules() -> list[Path]:
    return [path for path in source.python_files(*FOLDERS) if "migrations" not in path.parts]


def _names(path: Path) -> Iterator[str]:
    with (source.ROOT / path).open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                yield token.string


def test_no_identifier_is_a_word_that_is_gone() -> None:
    found = {
        f"{path}: {name} is called {GONE[name]} now"
        for path in _modules()
        for name in _names(path)
        if name in GONE and str(path) not in ALLOWED.get(name, set())
    }
    assert found == set()


def test_no_module_is_named_by_a_word_that_is_gone() -> None:
    assert [str(path) for path in _modules() if path.stem in GONE_MODULES] == []
