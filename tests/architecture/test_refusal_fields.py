"""The field of each refusal is one of a form or template, of an API, or of this table with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.market.refusing import refusals

SOURCE = Path(__file__).parents[2] / "src" / "tradepost"
IN_TEMPLATE = re.compile(r"""\bname="([^"{]+)"|refused\.field == "(\w+)"|\berrors\.(\w+)""")
IN_CODE = re.compile(
    r"""^\s+(\w+)(?::[^=\n]+)?\s*=\s*(?:forms\.)?\w*Field\(  # of a form
    |self\.fields\["(\w+)"\]
    |\b(?:Field|Param\w*|Row)\(\s*"(\w+)"  # of an API or its document
    |\bQuestion\(\s*(?:field=)?"(\w+)"  # of a draft
    """,
    re.MULTILINE | re.VERBOSE,
)
ELSEWHERE: Mapping[str, str] = {
    "batch": "a file of invoices: the page has one form and shows the refusal above it",
    "external_id": "an attribute of SCIM",
    "file": "of an upload: the input is <field>_file, and programs of tus read the header",
    "for_server": "the command of an order; the pages of servers show it above their form",
    **dict.fromkeys(
        ("icp", "colour", "support_phone"), "the form of the branding page is made from the values of ``face.Values``"
    ),
    "intent": "the button of a transfer that is offered",
    "menus": "one choice for each menu of a group: above the form",
    "picture": "of an upload: the input is named by its place in the draft",
    "product_type": "the kind of a draft, which its first page fixes",
    "reasons": "one reason for each section of a submission",
    "registration_number": "of a company's draft, whose inputs are made from the fields of its document",
    "replay": "no input: the debug cases of a submission",
    "step": "a member of an attribute of numbers, named by its form's prefix",
    "table": "a file of members: the page has one form and shows the refusal above it",
    "web_site": "no input: the web check of a submission",
}
"""Fields that no page has under this name, and where their refusal shows. ``test_refusals.py`` checks that it is
visible.
"""


def fields_of_readers() -> set[str]:
    found: set[str] = set()
    for pattern, glob in ((IN_TEMPLATE, "*.html"), (IN_CODE, "*.py")):
        for path in SOURCE.rglob(glob):
            found |= {name for names in pattern.findall(path.read_text(encoding="utf-8")) for name in names if name}
    return found


def test_field_of_each_refusal_exists() -> None:
    named = {refusal.field for refusal in refusals() if refusal.field and "*" not in refusal.field}
    assert len(named) > 80, "the fields are found"
    known = fields_of_readers()
    lost = {
        field: sorted(one.code for one in refusals() if one.field == field) for field in named - known - set(ELSEWHERE)
    }
    assert not lost, f"no form, template or API has these fields, so their refusals stand beside nothing: {lost}"
    assert set(ELSEWHERE) <= named, "reasons without a refusal"
    assert not set(ELSEWHERE) & known, "reasons for fields that are there"
