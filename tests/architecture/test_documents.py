"""Issue 26, "a test over the documents: every API, command and page that they name exists": also files, settings and
targets of make.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from babel.messages.pofile import read_po
from cyclopts import App
from django.urls import Resolver404, resolve

from tests.architecture.source import ROOT
from tradepost.cli import build
from tradepost.market.base.config import Config
from tradepost.market.base.settings.reading import fields_of

FRONT = (
    "README.md",
    "README.zh-CN.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "docs/index.md",
    "docs/index.zh-CN.md",
)
FOLDERS = ("docs/tutorials", "docs/how-to", "docs/reference", "docs/explanation", "examples", "src")
"""Decisions are records of their day: only their links are checked."""
API = "/api/mkp-openapi-public/global"
PRODUCTION = ("docs/how-to/sellers/", "docs/tutorials/")
"""These guides also name addresses of a seller's own server."""
PROBES = frozenset(
    re.findall(r'case "(/[a-z]+)":', (ROOT / "src/tradepost/market/web/health.py").read_text(encoding="utf-8"))
)
"""Addresses that are answered before Django resolves a page."""
OTHER_SETTINGS = frozenset({"TRADEPOST_TEST_DB", "TRADEPOST_SEED", "TRADEPOST_SSLYZE"})
"""Settings of tests and of this checkout's set-up, not of a market."""
WRITTEN_BY_READER = frozenset({"requirements.txt", "urls.py", "app.py", "report.html"})
"""Files of the reader's own project, or created there by a command."""

READERS_MODULES: frozenset[str] = frozenset()
"""Modules of the reader's own project."""


@functools.cache
def documents() -> dict[str, str]:
    found = [ROOT / name for name in FRONT]
    for folder in FOLDERS:
        found += sorted((ROOT / folder).rglob("*.md"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


@functools.cache
def decisions() -> dict[str, str]:
    paths = sorted((ROOT / "docs/decisions").glob("*.md"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [*documents(), *decisions()])
def test_every_link_leads_to_a_file_and_an_existing_heading(name: str) -> None:
    text = (documents() | decisions())[name]
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            wrong.append(link)
    assert wrong == [], wrong


# Commands


def commands(text: str) -> Iterator[list[str]]:
    """Return the words after ``tradepost`` in code, without a comment and what follows in the shell."""
    for code in re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL):
        for line in re.findall(r"(?<![\w./-])(?:\.venv/bin/)?tradepost +([a-z][^\n`]*)", code):
            yield re.split(r" #|[|;&<>]", line)[0].split()


def problem_of(words: list[str]) -> str:
    """Return what the command line does not know of these words; empty if it knows them all."""
    app: App = build()
    while words and words[0] in {name for name in app if not name.startswith("-")}:
        app, words = app[words[0]], words[1:]
    names = {name for name in app if not name.startswith("-")}
    if names and words and re.fullmatch(r"[a-z][a-z-]+", words[0]):
        return f"no command {words[0]}"
    if names and app.default_command is None and words:
        return "a command is missing"
    known = {name for one in app.assemble_argument_collection() for name in one.names} if app.default_command else set()
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no option {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("name", documents())
def test_every_command_and_option_exists(name: str) -> None:
    wrong = {" ".join(words): found for words in commands(documents()[name]) if (found := problem_of(words))}
    assert wrong == {}, wrong


def test_unknown_command_is_found() -> None:
    assert [problem_of(words.split()) for words in ("nothing", "demo walk", "check URL --nothing", "clock advance 4h")] == [
        "no command nothing", "no command walk", "no option --nothing", "",
    ]  # fmt: skip
    assert sum(1 for text in documents().values() for _ in commands(text)) > 60


@pytest.mark.parametrize("name", documents())
def test_every_target_of_make_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", documents()[name], re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= targets


# Addresses


def is_page(path: str) -> bool:
    """Return whether the market answers at this address, with a value for each ``<name>``, ``{name}`` and ``…``."""
    if path in PROBES:
        return True
    path = re.sub(r"<[^>]+>|\{[^}]+\}|:[a-z]\w*|…", "1", path.partition("?")[0].partition("#")[0])
    for candidate in (path, path.rstrip("/") + "/", API + path, f"{API}/v1{path}"):
        try:
            match = resolve(candidate)
        except Resolver404:
            continue
        if "<path:rest>" not in match.route:  # the view that refuses all other addresses of an API
            return True
    return False


@functools.cache
def source_text() -> str:
    folders = [ROOT / "src/tradepost" / name for name in ("kit", "protocols", "check", "cli")] + [ROOT / "examples"]
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.rglob("*.py")))


def addresses(text: str) -> list[str]:
    inline = re.findall(r"`(?:GET |POST |PUT |PATCH |DELETE )?(/[\w<{][^`\s]*)`", text)
    return [*inline, *re.findall(r"(?:GET|POST|PUT|PATCH|DELETE) (/[\w<{][^`\s]*)", text)]


@pytest.mark.parametrize("name", documents())
def test_every_address_of_a_page_or_an_api_exists(name: str) -> None:
    wrong = []
    for address in addresses(documents()[name]):
        if address.startswith(("/var/", "/etc/", "/tmp/", "/usr/", "/opt/", "/srv/")) or is_page(address):
            continue
        words = [word for word in re.split(r"[/?=]", address) if re.fullmatch(r"[A-Za-z][\w-]*", word)]
        if name.startswith(("docs/how-to/operators", "docs/how-to/buyers")) or any(
            word not in source_text() for word in words
        ):
            wrong.append(address)
    assert wrong == [], wrong


def test_unknown_address_is_found() -> None:
    known = ("/console/", "/t/<code>/", "/metrics", "/v2/license/activate")
    assert [is_page(path) for path in (*known, "/consoles/", "/v2/license/burn")] == [True] * 4 + [False] * 2


# Pages by the words of the menus


@functools.cache
def visible(language: str) -> frozenset[str]:
    """Return every text that the market shows in this language."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("zh_Hans/LC_MESSAGES/*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                text: Any = message.string if language == "zh" else message.id
                found.update(text if isinstance(text, tuple | list) else [text])
    return frozenset(found)


@functools.cache
def demo_text() -> str:
    """Return names of the demo's products, and answers of programs, which have no translation."""
    folders = (ROOT / "src/tradepost/market/seed", ROOT / "src/tradepost/protocols/open_api")
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in {".py", ".toml"}]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def labels(text: str) -> Iterator[str]:
    """Return the text in italics, in Chinese in quotation marks: pages, menus, buttons, states; with ``→`` or ``›``
    between the steps to a page."""
    for found in re.findall(r"(?<![*\w])\*([^*\n]{2,60})\*(?!\*)|“([^”\n]{2,60})”", text):
        yield from (part.strip() for part in re.split("[→›]", "".join(found)))


@pytest.mark.parametrize("name", [name for name in documents() if name.startswith(("docs/how-to/", "docs/tutorials/"))])
def test_every_page_and_button_has_its_name_in_the_market(name: str) -> None:
    known = visible("zh" if "zh-CN" in name else "en")
    wrong = [label for label in labels(documents()[name]) if label not in known and label not in demo_text()]
    assert wrong == [], wrong


LEAD = re.compile(r"^ *(?:[-*] |\d+\. |\| )?\*\*[^*\n]+\*\*", re.MULTILINE)
"""Start of a paragraph, a list item or a table row: its own heading."""
EMPHASIS = frozenset({"失去权限的用户在同一事务中退出登录"})
"""Words in bold that are not labels."""


def bold_labels(text: str) -> Iterator[str]:
    """Return the text in bold inside a sentence: pages, menus and buttons. Sentences in bold end with a full stop."""
    prose = LEAD.sub("", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for found in re.findall(r"\*\*([^*\n]{2,60})\*\*", prose):
        if not found.endswith((".", "。")) and found not in EMPHASIS:
            yield from (part.strip() for part in re.split("[→›]", found))


@pytest.mark.parametrize("name", [name for name in documents() if name.startswith(("docs/how-to/", "docs/tutorials/"))])
def test_every_label_in_bold_exists_in_the_market(name: str) -> None:
    known = visible("zh" if "zh-CN" in name else "en")
    wrong = [label for label in bold_labels(documents()[name]) if label not in known]
    assert wrong == [], wrong


def test_unknown_label_in_bold_is_found() -> None:
    text = "1. **Find**: open **Access keyz**, then **Create access key**. **Never do it.**\n| **Use** | x |"
    assert list(bold_labels(text)) == ["Access keyz", "Create access key"]
    assert "Access keyz" not in visible("en")
    assert sum(1 for text in documents().values() for _ in bold_labels(text)) > 15


# The two languages of a document

TRANSLATED = (
    {"Head office/Research", "总部/研发部"}, {"--data FOLDER", "--data 文件夹"}, {"name@enterprise", "账号@企业代码"},
    {"/t/<code>/", "/t/<企业代码>/"}, {"/produce/NAME", "/produce/接口名"},
)  # fmt: skip
"""Code that a reader replaces, and that is therefore translated."""


def inline_code(text: str) -> set[str]:
    found = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    return found - set().union(*TRANSLATED)


def pairs() -> list[tuple[str, str]]:
    chinese = {name: name.replace(".md", ".zh-CN.md") for name in documents() if "zh-CN" not in name}
    return [pair for pair in chinese.items() if pair[1] in documents()]


@pytest.mark.parametrize(("english", "chinese"), pairs())
def test_both_languages_of_a_document_name_the_same_code(english: str, chinese: str) -> None:
    assert inline_code(documents()[english]) == inline_code(documents()[chinese])


def test_documents_have_two_languages() -> None:
    assert len(pairs()) > 10


def test_guides_name_pages() -> None:
    assert sum(1 for text in documents().values() for _ in labels(text)) > 80
    assert "Directory" in visible("en")
    assert "Directories" not in visible("en")


# Settings, files, names of Python


@pytest.mark.parametrize("name", documents())
def test_every_setting_exists(name: str) -> None:
    known = {f"TRADEPOST_{name.upper()}" for _context, name, _field in fields_of(Config)} | OTHER_SETTINGS
    named = set(re.findall(r"TRADEPOST_[A-Z0-9_]*[A-Z0-9](?!_…)\b", documents()[name]))
    assert named - known - {setting for setting in named if setting in programs()} == set()


@functools.cache
def programs() -> frozenset[str]:
    """Return environment variables that programs outside a market read, such as those of the kit and of examples."""
    return frozenset(re.findall(r"""["'](TRADEPOST_[A-Z0-9_]+)["']""", source_text()))


@functools.cache
def files() -> frozenset[str]:
    folders = ("src", "tests", "scripts", "examples", "bench", "docs", "requirements")
    listed = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return frozenset(
        path.relative_to(ROOT).as_posix() for path in [*listed, *ROOT.glob("*")] if "node_modules" not in path.parts
    )


def is_file(named: str, beside: str) -> bool:
    """Look from the root, beside the document, or for the end of a path, as ARCHITECTURE.md names modules."""
    near = Path(beside).parent
    if "*" in named:
        return any((ROOT / place).glob(named) for place in (".", near))
    if (ROOT / near / named).exists():
        return True
    return any(path == named or path.endswith(f"/{named}") for path in files())


@pytest.mark.parametrize("name", documents())
def test_every_file_and_module_exists(name: str) -> None:
    named = set(
        re.findall(r"`((?:\.\./)*[\w*-][\w./*-]*\.(?:py|sh|toml|cjs|mjs|sha256|sqlite3|html|po))`", documents()[name])
    )
    assert sorted(one for one in named - WRITTEN_BY_READER if not is_file(one, name)) == []


def imports(block: str) -> Iterator[tuple[str, str]]:
    """Return each module that a block of Python imports, with a name from it, or none."""
    for node in ast.walk(ast.parse(textwrap.dedent(block))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((str(node.module), one.name) for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names)


def is_importable(module: str, name: str) -> bool:
    if not module.startswith("tradepost"):
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError:
        return False
    return not name or hasattr(imported, name)


@pytest.mark.parametrize("name", documents())
def test_every_import_of_an_example_exists(name: str) -> None:
    blocks = re.findall(r"```(?:python|py)\n(.*?)```", documents()[name], re.DOTALL)
    named = [found for block in blocks for found in imports(block) if found[0].partition(".")[0] not in READERS_MODULES]
    assert [found for found in named if not is_importable(*found)] == []


def test_unknown_import_is_found() -> None:
    block = "import json, tradepost.kits\nfrom tradepost.kit import Seller, Sellers\nimport nothing_of_this_name.x"
    assert [module for module, name in imports(block) if not is_importable(module, name)] == [
        "tradepost.kits", "tradepost.kit", "nothing_of_this_name.x",
    ]  # fmt: skip
