"""Write docs/reference from the code: settings, events, lifecycles, protocols. A test compares it with what is committed."""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"


def settings() -> str:
    """Every setting with its default and its sentence."""
    from tradepost.market.base.config import Config

    rows = []
    for name, field in Config.model_fields.items():
        alias = field.validation_alias
        choices = getattr(alias, "choices", None) or [f"TRADEPOST_{name.upper()}"]
        default = field.get_default()
        if isinstance(default, tuple):
            default = ",".join(map(str, default))
        shown = (
            "" if str(default) in {"", "None", "**********"} or "Secret" in type(default).__name__ else f"`{default}`"
        )
        rows.append(f"| {', '.join(f'`{c}`' for c in choices)} | {shown} | {field.description or ''} |")
    return _page(
        "Settings",
        "Each is an environment variable, or a line in a file `.env` where the command starts.",
        ["| Setting | Default | Meaning |", "|---|---|---|", *rows],
    )


def events() -> str:
    """Every event with what it holds, how it is stored, and the reactions that follow."""
    from tradepost.market import wiring
    from tradepost.market.base.events import declared, name_of
    from tradepost.market.base.values import members

    rows = []
    for entry in sorted(wiring.REACTIONS.entries, key=lambda entry: entry.event.__name__):
        how = declared(entry.event)
        holds = ", ".join(f"`{name}`" for name in members(entry.event))
        stored = f"`{how.name}`, version {how.version}"
        earlier = ", ".join(f"`{name}`" for name in how.was)
        named = "<br>".join(f"`{name_of(r).removeprefix('tradepost.market.')}`" for r in entry.reactions)
        where = entry.event.__module__.removeprefix("tradepost.market.")
        rows.append(f"| `{where}.{entry.event.__name__}` | {holds} | {stored} | {earlier} | {named or 'nobody yet'} |")
    tasks = [
        f"| `{kind}` | `{task.__module__.removeprefix('tradepost.market.')}.{task.__name__}` |"
        for kind, task in wiring.TASKS.items()
    ]
    leased = [
        f"| `{kind}` | {task.attempts} | {task.longest} | {task.at_once or 'as many as there is room for'} |"
        for kind, task in wiring.LEASED_TASKS.items()
    ]
    return _page(
        "Events and timers",
        "An event is written to the outbox in the transaction that makes it true; a worker runs its reactions, each at least"
        " once. What an earlier release stored is read, under its earlier name too; what a later one stored waits for it.",
        [
            "| Event | Holds | Stored as | Earlier | Reactions |", "|---|---|---|---|---|", *rows,
            "", "| Timer | Task |", "|---|---|", *tasks,
            "", "What waits for others' servers, outside of any transaction:",
            "", "| Leased job | Attempts | Longest | At once in a worker |", "|---|---|---|---|", *leased,
        ],
    )  # fmt: skip


def declared_events() -> set[str]:
    """Names of the classes that the sources declare as events."""
    return {
        node.name
        for tree in _sources("event")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(_called(each) == "event" for each in node.decorator_list)
    }


def published() -> set[str]:
    """Names of the events that the sources make."""
    declared = declared_events()
    calls = {_called(node) for tree in _sources(*(f"{name}(" for name in declared)) for node in ast.walk(tree)}
    return calls & declared


def _sources(*words: str) -> Iterator[ast.Module]:
    """Those in which one of these words stands."""
    for path in (ROOT / "src/tradepost/market").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield ast.parse(text)


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def lifecycles() -> str:
    from tradepost.market.assets.versions import ASSET_VERSION
    from tradepost.market.compute.lifecycle import ORPHAN, SERVER, TASK
    from tradepost.market.identity.domains_lifecycle import DOMAIN
    from tradepost.market.identity.lifecycle import SELLER
    from tradepost.market.identity.members_lifecycle import INVITATION, MEMBERSHIP
    from tradepost.market.images.lifecycle import PERIOD_IMAGE
    from tradepost.market.invoices.lifecycle import INVOICE
    from tradepost.market.licenses.code_lifecycle import LICENSE_CODE
    from tradepost.market.licenses.lifecycle import LICENSE_REQUEST
    from tradepost.market.orders.lifecycle import ORDER
    from tradepost.market.orders.refund_lifecycle import REFUND
    from tradepost.market.organisations import lifecycle as organisations
    from tradepost.market.payments.intent_lifecycle import FACT, INTENT
    from tradepost.market.review.lifecycle import SUBMISSION
    from tradepost.market.service_desk.lifecycle import COMPLAINT, CUSTOMER_DEMAND, DEMAND
    from tradepost.market.settlement.lifecycle import STATEMENT
    from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION
    from tradepost.market.supervision.lifecycle import SUPERVISION
    from tradepost.market.web_scan.lifecycle import WEB_SCAN

    parts: list[str] = []
    for lifecycle in (
        ORDER,
        REFUND,
        SUPERVISION,
        INVOICE,
        STATEMENT,
        INTENT,
        FACT,
        SUBSCRIPTION,
        SERVER,
        TASK,
        ORPHAN,
        PERIOD_IMAGE,
        LICENSE_REQUEST,
        LICENSE_CODE,
        DEMAND,
        CUSTOMER_DEMAND,
        COMPLAINT,
        SELLER,
        SUBMISSION,
        INVITATION,
        MEMBERSHIP,
        organisations.ENTERPRISE,
        organisations.INVITATION,
        organisations.IMPORT,
        DOMAIN,
        WEB_SCAN,
        ASSET_VERSION,
    ):
        parts += [f"## {lifecycle.name.capitalize()}", "", "```mermaid", lifecycle.mermaid(), "```", ""]
    return _page("Lifecycles", "A status changes only through these tables; each move leaves a history row.", parts)


def protocols() -> str:
    from tradepost.protocols.registry import protocols as all_protocols

    parts: list[str] = []
    for name, protocol in all_protocols().items():
        parts += [
            f"## {protocol.title.en} (`{name}`)",
            "",
            f"Key of the class `{protocol.key_class}`. [What is on the wire](../../src/tradepost/protocols/{name}/README.md)",
            "",
        ]
        parts += ["| Activity | Tried again | Given up after |", "|---|---|---|"]
        for command, activity in protocol.activities.items():
            rule = protocol.retries.get(command)
            every = f"every {rule.every}" if rule and rule.give_up_after else "no"
            parts.append(f"| `{activity}` | {every} | {rule.give_up_after if rule else ''} |")
        parts += ["", "| Code | Meaning | 含义 |", "|---|---|---|"]
        parts += [f"| `{c.code}` | {c.meaning.en} | {c.meaning.zh} |" for c in protocol.result_codes.values()]
        parts.append("")
    return _page("Protocols", "Versions of the wire between a market and a seller's production interface.", parts)


def _page(title: str, lead: str, lines: list[str]) -> str:
    note = "<!-- Made by scripts/make_reference.py; edit the code, then run it. -->"
    return "\n".join([note, "", f"# {title}", "", lead, "", *lines]).rstrip() + "\n"


PAGES = {"settings.md": settings, "events.md": events, "lifecycles.md": lifecycles, "protocols.md": protocols}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")
    os.environ.setdefault("TRADEPOST_DATA", tempfile.mkdtemp())
    import django

    django.setup()
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
