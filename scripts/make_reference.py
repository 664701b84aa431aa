"""Write docs/reference from the code: settings, events, lifecycles, protocols. A test compares it with the committed
files."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
SETTINGS_ZH = ROOT / "scripts" / "settings_zh.toml"
PROTOCOLS = (
    "The market calls a seller's server with one of these protocols. For each protocol, the first table lists the calls "
    "(activities) and the retries after a failed one. A call is pending after a seller answered that it still processes "
    "the request. The first polls of a pending call may come sooner. Failed calls of the joint-operation kit are retried "
    "for `TRADEPOST_SYNC_RETRY_DAYS`. The second table lists the codes that a seller may answer with. "
    "[The guide for sellers](../how-to/sellers/protocols.md) explains how to choose and implement a protocol."
)
EVENTS = (
    "A context writes an event to the outbox in the transaction that changes its rows. Workers then run each reaction at "
    "least once. A failed reaction is retried without the others. An event is stored under a name and a version. A release "
    "reads events of earlier releases, also under earlier names. An event of a later release waits until that release runs."
)
TIMERS = (
    "A timer is a row with a due time. When it is due, a worker runs the task in a transaction. A task may return the next "
    "due time."
)
LEASED_JOBS = (
    "A leased job waits for other servers or takes long, outside of any transaction. A worker leases it. If the worker "
    "dies, another worker repeats the attempt. Jobs without a limit in the last column share the places of "
    "`TRADEPOST_LEASED_JOBS_AT_ONCE`."
)


def settings() -> str:
    """Return every setting with its default and description."""
    return _page(
        "Settings",
        "[简体中文](settings.zh-CN.md)\n\n"
        "Set a setting as an environment variable, or as a line in a file `.env` in the folder where the command starts. "
        "Restart all processes of the market after a change. `tradepost doctor` reports invalid values. Lists are "
        "separated by commas. In the code, a setting of a context is an attribute of this context: "
        "`config().settlement.fee_share`.",
        _settings_tables(("Setting", "Default", "Meaning"), headings={"": "All contexts"}, meanings={}),
    )


def settings_zh() -> str:
    """Return the settings in Chinese. A description without a translation stays English."""
    chinese = tomllib.loads(SETTINGS_ZH.read_text(encoding="utf-8"))
    headings = chinese["headings"] | {"": chinese["headings"]["all"]}
    return _page(
        "全部设置",
        "[English](settings.md)\n\n"
        "设置可以是环境变量，也可以是命令启动目录中 `.env` 文件的一行。更改后请重启商店的所有进程。`tradepost doctor` "
        "报告无效的值。列表以逗号分隔。在代码中，各模块的设置是该模块的属性：`config().settlement.fee_share`。",
        _settings_tables(("设置", "默认值", "含义"), headings=headings, meanings=chinese["settings"]),
    )


def _settings_tables(
    columns: Sequence[str], *, headings: Mapping[str, str], meanings: Mapping[str, str]
) -> Sequence[str]:
    from tradepost.market.base.config import Config
    from tradepost.market.base.settings.reading import fields_of, variables

    lines = []
    for context, fields in groupby(sorted(fields_of(Config), key=lambda found: found[0]), key=lambda found: found[0]):
        lines += [f"## {headings.get(context, context)}", "", f"| {' | '.join(columns)} |", "|---|---|---|"]
        for _context, name, field in fields:
            names = ", ".join(f"`{variable}`" for variable in variables(name, field))
            meaning = meanings.get(name, field.description or "")
            lines.append(f"| {names} | {_shown(field.get_default())} | {meaning} |")
        lines.append("")
    return lines[:-1]


def _shown(default: object) -> str:
    """A default for the table. Secrets and empty values are not shown."""
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    hidden = str(default) in {"", "None", "**********"} or "Secret" in type(default).__name__
    return "" if hidden else f"`{default}`"


TIMER_MEANINGS: Mapping[str, str] = {
    "base.retention": "Delete old rows each night, in batches.",
    "orders.best_sellers": "Update the period of the best sellers each night.",
    "orders.unpaid_timeout": "Cancel an order whose payment time is over.",
    "subscriptions.life": "Remind, freeze and end a service at the times of its paid period.",
    "subscriptions.earn": "Book the earnings of a paid period that begins.",
    "subscriptions.auto_renew": "Attempt an automatic renewal.",
    "orders.refund": "Tell the buyer that the seller has not answered a refund request.",
    "invoices.clock": "Remind a seller of an invoice, or report that it is late.",
    "payments.transfer": "Expire an announced transfer.",
    "approvals.request": "Expire a request for approval.",
    "probes.slot": "Run the next phase of a slot of probes.",
    "notifications.quiet": "End the pause after a mail, so that the next mail on the subject can be sent.",
    "notifications.digest": "Send the daily summary of a reader.",
    "identity.recheck_domain": "Check the proof of a domain again.",
    "identity.confirm_groups": "Ask a sign-in provider whether an operator still has the groups of the role.",
    "review.overdue": "Report a submission that was not decided in time.",
    "metering.collect": "Close the collection of a billing cycle.",
    "billing.charge": "Charge a part of the closed collections.",
    "billing.arrears": "Freeze and then delete the services of a buyer in arrears.",
    "billing.package_ends": "Begin or end a quota of a usage package.",
    "service_desk.complaint": "Report that a seller has not replied to a complaint.",
    "service_desk.customer_demand": "Return a demand without an answer from the seller to the operators.",
    "service_desk.mails": "Start to fetch the mailbox for demands.",
    "identity.buyer_key_expires": "Tell the owner of an access key that it expires soon.",
    "settlement.night": "Collect sellers' ledger entries of the previous day.",
    "settlement.month": "Schedule the statements of a month.",
    "settlement.statement": "Create the statement of a seller and currency.",
    "settlement.sign_by": "Accept a statement that the seller has not answered.",
    "images.meter": "Meter the hours of servers with images.",
    "compute.observe": "Start to observe all servers of a cloud.",
    "compute.orphans": "Start to search for servers without an order.",
    "applications.retry": "Retry the failed sync of a binding.",
    "organisations.passwords_end": "Delete a password file.",
    "supervision.clock": "Remind the parties of a supervised delivery, or accept it.",
    "personal_data.due": "Start the erasure of an account after the waiting period.",
    "organisations.dissolve": "Dissolve an enterprise after the waiting period.",
}
JOB_MEANINGS: Mapping[str, str] = {
    "debugging.replay": "Replay the debug cases of a product.",
    "debugging.debug_all": "Debug all activities of an address without a valid case.",
    "debugging.find_out": "Run the tester against a production interface.",
    "identity.prove_domain": "Check the proof of a domain.",
    "identity.ask_groups": "Ask a sign-in provider for the groups of an operator.",
    "production.trial_call": "Test a production address with its key.",
    "review.website": "Check the website of a company.",
    "assets.check": "Inspect and scan a version of an asset.",
    "assets.document": "Scan an uploaded document.",
    "web_scan.scan": "Check the security of a website.",
    "service_desk.mails": "Fetch the mailbox for demands.",
    "fulfilment.reconcile": "Compare the market with a seller.",
    "compute.task": "Create, start, stop, replace or delete a server.",
    "compute.observe": "Read the state of servers.",
    "compute.orphans": "Search for servers without an order.",
    "organisations.import.look": "Validate a table of members.",
    "organisations.import": "Import members.",
    "organisations.passwords": "Create first passwords of members and the file with them.",
    "exports.write": "Write a list to a file.",
    "personal_data.erase": "Erase an account.",
    "personal_data.export": "Write a copy of personal data.",
}


def events() -> str:
    """Return every event with its members, its storage and its reactions."""
    from tradepost.market import wiring
    from tradepost.market.base.events import declaration_of, name_of
    from tradepost.market.base.values import members

    sections: list[str] = []
    entries = sorted(wiring.REACTIONS.entries, key=lambda entry: (entry.event.__module__, entry.event.__name__))
    for module, group in groupby(entries, key=lambda entry: entry.event.__module__):
        sections += [f"### {module.removeprefix('tradepost.market.').removesuffix('.events')}", ""]
        sections += ["| Event | Meaning | Fields | Stored as | Reactions |", "|---|---|---|---|---|"]
        for entry in group:
            how = declaration_of(entry.event)
            fields = ", ".join(f"`{name}`" for name in members(entry.event))
            names = ", earlier ".join(f"`{name}`" for name in (how.name, *how.was))
            reactions = "<br>".join(f"`{name_of(r).removeprefix('tradepost.market.')}`" for r in entry.reactions)
            sections.append(
                f"| `{entry.event.__name__}` | {_meaning(entry.event)} | {fields} | {names}, version {how.version} |"
                f" {reactions or 'none'} |"
            )
        sections.append("")
    tasks = [
        f"| `{kind}` | {TIMER_MEANINGS.get(kind, '')} |"
        f" `{task.__module__.removeprefix('tradepost.market.')}.{task.__name__}` |"
        for kind, task in wiring.TASKS.items()
    ]
    leased = [
        f"| `{kind}` | {JOB_MEANINGS.get(kind, '')} | {task.attempts} | {_duration(task.longest)} | {task.at_once or ''} |"
        for kind, task in wiring.LEASED_TASKS.items()
    ]
    return _page(
        "Events, timers and leased jobs",
        "Workers run three kinds of background work. All of it may be repeated after a crash, so it is idempotent.",
        [
            "## Events", "",
            EVENTS, "",
            *sections,
            "## Timers", "",
            TIMERS, "",
            "| Timer | Meaning | Task |", "|---|---|---|", *tasks, "",
            "## Leased jobs", "",
            LEASED_JOBS, "",
            "| Job | Meaning | Attempts | Timeout of an attempt | Limit per worker |", "|---|---|---|---|---|", *leased,
        ],
    )  # fmt: skip


def _duration(time: timedelta) -> str:
    """Return a duration in words, such as ``1 hour 10 minutes``; empty for zero."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    return " ".join(f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number)


def _meaning(event: type) -> str:
    """Return the first paragraph of the docstring of an event."""
    return " ".join((event.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")


def declared_events() -> set[str]:
    """Return the names of the classes declared as events in the sources."""
    return {
        node.name
        for tree in _sources("event")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(_called(each) == "event" for each in node.decorator_list)
    }


def published() -> set[str]:
    """Return the names of the events that the sources create."""
    declared = declared_events()
    calls = {_called(node) for tree in _sources(*(f"{name}(" for name in declared)) for node in ast.walk(tree)}
    return calls & declared


def _sources(*words: str) -> Iterator[ast.Module]:
    """Yield the sources that contain one of these words."""
    for path in (ROOT / "src/tradepost/market").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield ast.parse(text)


def _called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


LIFECYCLES: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "Products": [
        ("catalog.lifecycle.PRODUCT", "Product", "What a seller lists in the store."),
        ("catalog.lifecycle.VERSION", "Version of a product", "The document of a product; sealed when it is submitted."),
        ("review.lifecycle.SUBMISSION", "Submission", "What a seller submits for review."),
        ("assets.versions.ASSET_VERSION", "Version of an asset", "A file that a seller uploads, such as an image."),
        ("web_scan.lifecycle.WEB_SCAN", "Web check", "One security check of a seller's website."),
    ],
    "Orders and money": [
        ("orders.lifecycle.ORDER", "Order", "A purchase, renewal, change or unsubscription."),
        ("orders.refund_lifecycle.REFUND", "Refund", "A refund that a buyer requests. Without a review it starts as approved."),
        ("invoices.lifecycle.INVOICE", "Invoice", "An invoice that a buyer or a seller requests."),
        ("settlement.lifecycle.STATEMENT", "Statement", "What a seller is paid for a month."),
        ("payments.intent_lifecycle.INTENT", "Announced transfer", "A bank transfer that a buyer or a seller announces."),
        ("payments.intent_lifecycle.FACT", "Unmatched money", "Received money without a known payer."),
        ("payments.withdrawal_lifecycle.WITHDRAWAL", "Withdrawal", "A buyer's request to pay out the balance."),
        ("billing.lifecycle.ARREARS", "Arrears", "A buyer's unpaid usage, which first freezes and then ends services."),
        ("approvals.lifecycle.REQUEST", "Approval", "An act of an operator that a second operator decides."),
    ],
    "Services and delivery": [
        ("subscriptions.lifecycle.SUBSCRIPTION", "Subscription", "The service that a buyer holds after an order."),
        ("fulfilment.lifecycle.OPERATION", "Operation", "What is done to a service, such as opening or renewing it."),
        ("production.lifecycle.CALL", "Call", "One request to a seller, with its attempts."),
        ("supervision.lifecycle.SUPERVISION", "Supervised delivery", "A service delivered by people, until acceptance."),
        ("licenses.lifecycle.LICENSE_REQUEST", "License application", "A request to the seller for a license file."),
        ("licenses.code_lifecycle.LICENSE_CODE", "Authorisation code", "A code that the buyer enters in the software."),
        ("images.lifecycle.PERIOD_IMAGE", "Image by period", "An image that is sold by month or year, bound to a server."),
        ("compute.lifecycle.SERVER", "Server", "A server in an operator's cloud."),
        ("compute.lifecycle.TASK", "Cloud task", "One action of the cloud on a server."),
        ("compute.lifecycle.ORPHAN", "Server without an order", "A server in the cloud that belongs to no order."),
    ],
    "Sellers and operators": [
        ("identity.lifecycle.SELLER", "Seller", "A company that sells on the market."),
        ("identity.domains_lifecycle.DOMAIN", "Domain", "A domain that a seller proves to own."),
        ("identity.members_lifecycle.INVITATION", "Invitation to a seller", "Invites a person to act for a seller."),
        ("identity.members_lifecycle.MEMBERSHIP", "Membership of a seller", "What a person may do for a seller."),
        ("identity.market_invitations.INVITATION", "Invitation to the market", "Invites a person or a company."),
        ("identity.operator_invitations.INVITATION", "Invitation of an operator", "Invites a person to the console."),
    ],
    "Enterprises and joint operation": [
        ("organisations.lifecycle.ENTERPRISE", "Enterprise", "A buyer's organisation with departments and members."),
        ("organisations.lifecycle.INVITATION", "Invitation to an enterprise", "Invites a person to an enterprise."),
        ("organisations.lifecycle.IMPORT", "Import of members", "A table of members that an administrator uploads."),
        ("organisations.lifecycle.PASSWORD_FILE", "Password file", "A file with first passwords of members, for administrators."),
        ("applications.lifecycle.TENANT_BINDING", "Binding", "Connects an enterprise with an application of a seller."),
        ("applications.lifecycle.SYNC", "Sync run", "A series of calls that tell a seller about changes in an enterprise."),
    ],
    "Service desk": [
        ("service_desk.lifecycle.DEMAND", "Demand", "What somebody needs and no seller offers."),
        ("service_desk.lifecycle.CUSTOMER_DEMAND", "Demand passed to a seller", "A demand that a seller accepts or declines."),
        ("service_desk.lifecycle.COMPLAINT", "Complaint", "A buyer's complaint that an operator decides."),
    ],
}  # fmt: skip
"""Section → path of each lifecycle below ``tradepost.market``, its title and its meaning."""


def lifecycles() -> str:
    """Return the diagram of every lifecycle. Raises ``LookupError`` for one without a line in ``LIFECYCLES``."""
    listed = {path for section in LIFECYCLES.values() for path, _title, _meaning in section}
    if missing := _declared_lifecycles() ^ listed:
        raise LookupError(f"LIFECYCLES in scripts/make_reference.py does not match the code: {sorted(missing)}")
    parts: list[str] = []
    for section, members in LIFECYCLES.items():
        parts += [f"## {section}", ""]
        for path, title, meaning in members:
            module, _, name = path.rpartition(".")
            lifecycle = getattr(importlib.import_module(f"tradepost.market.{module}"), name)
            parts += [
                f"### {title}",
                "",
                f"{meaning} Code: `{path}`.",
                "",
                "```mermaid",
                lifecycle.mermaid(),
                "```",
                "",
            ]
    return _page(
        "Lifecycles",
        "Each diagram shows the statuses of one kind of object. An arrow is an allowed change, with the name of the event "
        "that causes it. All other changes are refused with `IllegalTransition`. Each change adds a row to the history; calls "
        "store attempts instead.",
        parts,
    )


def _declared_lifecycles() -> set[str]:
    """Return the paths of the lifecycles that modules declare, such as ``orders.lifecycle.ORDER``."""
    market = ROOT / "src/tradepost/market"
    found: set[str] = set()
    for path in market.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        module = ".".join(path.relative_to(market).with_suffix("").parts)
        found |= {
            f"{module}.{name}" for name in re.findall(r"^([A-Z_]+)(?::.*)? = \w*Lifecycle\($", text, re.MULTILINE)
        }
    return found


def protocols() -> str:
    from tradepost.protocols.registry import protocols as all_protocols

    parts: list[str] = []
    for name, protocol in all_protocols().items():
        parts += [
            f"## {protocol.title.en} (`{name}`)",
            "",
            f"Signed with a key of the class `{protocol.key_class}`. [Wire format](../../src/tradepost/protocols/{name}/README.md)",
            "",
        ]
        parts += ["| Activity | Retry interval | Interval while pending | Retries end after |", "|---|---|---|---|"]
        for command, activity in protocol.activities.items():
            rule = protocol.retries.get(command)
            if rule is None or not rule.give_up_after:
                parts.append(f"| `{activity}` | no retry |  |  |")
                continue
            every, pending = _duration(rule.every), _duration(rule.poll_every or rule.every)
            parts.append(f"| `{activity}` | {every} | {pending} | {_duration(rule.give_up_after)} |")
        parts += ["", "| Code | Meaning | 含义 |", "|---|---|---|"]
        parts += [f"| `{c.code}` | {c.meaning.en} | {c.meaning.zh} |" for c in protocol.result_codes.values()]
        parts.append("")
    return _page("Protocols", PROTOCOLS, parts)


def _page(title: str, lead: str, lines: Sequence[str]) -> str:
    note = "<!-- Generated by scripts/make_reference.py. Edit the code, then run the script. -->"
    return "\n".join([note, "", f"# {title}", "", lead, "", *lines]).rstrip() + "\n"


PAGES = {
    "settings.md": settings,
    "settings.zh-CN.md": settings_zh,
    "events.md": events,
    "lifecycles.md": lifecycles,
    "protocols.md": protocols,
}


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
