"""Build the documentation in ``docs/`` as a static site in two languages with Sphinx.

A page ``name.md`` is English; its translation is ``name.zh-CN.md`` beside it, so that a forge shows both without this script. Each
language becomes a site of its own, below ``en/`` and ``zh/``. Pages without a translation exist in the English site only, and Chinese
pages link to them there. Links to files outside ``docs/`` become plain text: the site contains no source code.

Sphinx runs with warnings as errors: a link to a page or a heading that does not exist fails the build.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
CHINESE = ".zh-CN.md"
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "en": {"tutorials": "Tutorials", "how-to": "How-to guides", "reference": "Reference", "explanation": "Explanation", "decisions": "Decisions"},
    "zh": {"tutorials": "教程", "how-to": "操作指南", "reference": "参考", "explanation": "原理"},
}  # fmt: skip
GLOSSARY = ("reference", "glossary.md")
"""Section and page: the glossary has both languages in one table, above the sections."""
TITLES = {"en": "Tradepost documentation", "zh": "商埠文档"}
CONF = """\
project = "Tradepost"
html_title = {title!r}
language = {sphinx_language!r}
extensions = ["myst_parser"]
myst_enable_extensions = ["strikethrough"]
myst_heading_anchors = 4
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
html_search_language = {search!r}
html_sidebars = {{"**": ["sidebar/brand.html", "languages.html", "sidebar/search.html", "sidebar/scroll-start.html", "sidebar/navigation.html", "sidebar/scroll-end.html"]}}
templates_path = ["_templates"]
exclude_patterns = ["_templates"]
suppress_warnings = ["myst.strikethrough", "misc.highlighting_failure"]
"""


def pages(language: str) -> dict[str, Path]:
    """Name of each page in the site → its source, relative to ``docs/``."""
    sources = [path.relative_to(DOCS) for path in sorted(DOCS.rglob("*.md"))]
    chosen = [path for path in sources if path.name.endswith(CHINESE) == (language == "zh")]
    return {path.as_posix().replace(CHINESE, ".md"): path for path in chosen}


def translate_links(text: str, source: Path, language: str) -> str:
    """Rewrite links for the site of this language."""

    def link(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        path, _, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", target):
            return match[0]
        absolute = Path(os.path.normpath(DOCS / source.parent / path))
        if not absolute.is_relative_to(DOCS) or absolute.suffix != ".md":
            return words if absolute.exists() else match[0]
        page = absolute.relative_to(DOCS).as_posix().replace(CHINESE, ".md")
        fragment = f"#{anchor}" if anchor else ""
        is_chinese = absolute.name.endswith(CHINESE)
        if page in pages(language) and (language == "zh" or not is_chinese):
            return f"[{words}]({os.path.relpath(page, source.parent)}{fragment})"
        if not absolute.exists():
            return match[0]  # Sphinx reports it
        other = "zh" if is_chinese else "en"
        up = "../" * (len(source.parent.parts) + 1)
        return (
            f'<a href="{up}{other}/{page.removesuffix(".md")}.html{fragment}">{html.escape(words.replace("`", ""))}</a>'
        )

    return LINK.sub(link, text)


def contents(language: str) -> str:
    """Tables of contents for the first page, one for each section."""
    found = []
    for folder, title in SECTIONS[language].items():
        listed = sorted(name for name in pages(language) if name.startswith(f"{folder}/") or (folder, name) == GLOSSARY)
        listed.sort(key=lambda name: not name.endswith("README.md"))
        if listed:
            names = "\n".join(name.removesuffix(".md") for name in listed)
            found.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{names}\n```\n")
    return "\n".join(found)


def stage(folder: Path, language: str) -> None:
    """Write the sources of one site as Sphinx reads them."""
    for page, source in pages(language).items():
        text = translate_links((DOCS / source).read_text(encoding="utf-8"), source, language)
        if page == "index.md":
            text += "\n" + contents(language)
        target = folder / page
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    chinese = language == "zh"
    conf = CONF.format(
        title=TITLES[language], sphinx_language="zh_CN" if chinese else "en", search="zh" if chinese else "en"
    )
    (folder / "conf.py").write_text(conf, encoding="utf-8")
    other, words = ("en", "English") if chinese else ("zh", "中文")
    templates = folder / "_templates"
    templates.mkdir()
    switch = f'<p class="sidebar-tree"><a class="reference" href="{{{{ pathto("index") | replace("index.html", "") }}}}../{other}/index.html">{words}</a></p>\n'
    (templates / "languages.html").write_text(switch, encoding="utf-8")


def build(target: Path) -> int:
    """Return the exit code of Sphinx; 0 when both sites were built without a warning."""
    # Only in the environment of the site (scripts/make_docs.sh).
    from sphinx.cmd.build import build_main  # type: ignore[import-not-found]

    shutil.rmtree(target, ignore_errors=True)
    for language in SECTIONS:
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder), language)
            code: int = build_main(["-q", "-W", "--keep-going", "-b", "html", folder, str(target / language)])
        if code:
            return code
        shutil.rmtree(target / language / ".doctrees", ignore_errors=True)
    (target / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Tradepost</title><meta http-equiv="refresh" content="0; url=en/index.html">'
        '<a href="en/index.html">English</a> <a href="zh/index.html">中文</a>\n',
        encoding="utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1])))
