"""Each form in the source of the templates sends a CSRF token, also where it is included or rendered without its page's context.

``test_walk`` sends the forms that the small market shows; here is the source of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.market.walking import COMMENT, MARKET, sending_places, template_files

FORM = re.compile(r"<form\b(.*?)</form>", re.DOTALL | re.IGNORECASE)
INCLUDE = re.compile(r'{%\s*include\s+"([^"]+)"(.*?)%}', re.DOTALL)
WITHOUT_CONTEXT = re.compile(r'(?:inclusion_tag|render_to_string)\(\s*"([^"]+\.html)"([^\n]*)')
SOURCES = {name: COMMENT.sub("", path.read_text()) for name, path in template_files()}
BY_ITS_PAGES = ["allauth/elements/form.html"]
"""The pages of allauth put the token into the slot of this form."""
PASSED_ON = {"web/parts/secret.html"}
"""Tags that hand the token of their page on."""


def _tokens(name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether the template, or one that it includes with its own context, writes a token."""
    text = SOURCES.get(name, "")
    if "{% csrf_token %}" in text:
        return True
    parts = (found[1] for found in INCLUDE.finditer(text) if found[1] not in seen and found[1] != name)
    return any(_tokens(part, seen | {name}) for part in parts)


def test_every_form_that_posts_writes_a_token() -> None:
    posting = [
        (name, found[1]) for name, text in SOURCES.items() for found in FORM.finditer(text)
        if re.search(r'method="(?!get)', found[1].partition(">")[0], re.IGNORECASE) or re.search("hx-(post|put|patch|delete)", found[1])
    ]  # fmt: skip
    assert len(posting) > 200
    assert [name for name, form in posting if "{% csrf_token %}" not in form] == BY_ITS_PAGES


def _isolated() -> Iterator[str]:
    for name, text in SOURCES.items():
        for found in INCLUDE.finditer(text):
            if re.search(r"\bonly\s*$", found[2]) and _tokens(found[1]) and "csrf_token=csrf_token" not in found[2]:
                yield f"{name} includes {found[1]}"


def test_no_form_is_included_without_the_token() -> None:
    """``only`` hides the token too: *Withdraw* and *Discard draft* answered 403."""
    assert list(_isolated()) == []


def test_no_form_is_rendered_without_a_request() -> None:
    rendered = [
        (found[1], found[2]) for path in MARKET.rglob("*.py") for found in WITHOUT_CONTEXT.finditer(path.read_text())
    ]
    assert len(rendered) > 8
    assert [name for name, _more in rendered if _tokens(name) and name not in PASSED_ON] == []


def test_htmx_posts_from_inside_a_form() -> None:
    """So that it sends the form's token; both places of it are known."""
    assert {place.partition("#")[0] for place in sending_places()} <= set(SOURCES)
    assert sorted(name for name, text in SOURCES.items() if re.search("hx-(post|put|patch|delete)=", text)) == [
        "seller_center/draft.html", "storefront/parts/access_live.html", "web/parts/file_field.html",
    ]  # fmt: skip
