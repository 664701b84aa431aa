"""Each page for sellers and buyers that shows code blocks has a test that runs or checks them."""

from __future__ import annotations

import pytest

from tests.architecture.source import ROOT

TESTS = {
    "README.md": "tests/kit/test_guide_blocks.py",
    "docs/how-to/buyers/api.md": "tests/interop/test_buyers_program.py",
    "docs/how-to/sellers/deliveries.md": "tests/kit/test_guide_blocks.py",
    "docs/how-to/sellers/dev.md": "tests/cli/test_dev_guide.py",
    "docs/how-to/sellers/joint.md": "tests/kit/joint/test_guide.py",
    "docs/how-to/sellers/order-query.md": "tests/interop/test_huaweicloudsdk.py",
    "docs/how-to/sellers/protocols.md": "tests/kit/test_protocols_guide.py",
    "docs/how-to/sellers/usage.md": "tests/kit/test_quickstart.py",
    "docs/tutorials/quickstart.md": "tests/kit/test_quickstart.py",
    "examples/adapters/README.md": "tests/kit/test_guide_blocks.py",
    "examples/sample_joint_seller/README.md": "tests/kit/test_guide_blocks.py",
    "examples/sample_seller/README.md": "tests/kit/test_guide_blocks.py",
    "examples/usage_push/README.md": "tests/kit/test_guide_blocks.py",
}
"""English page → the test that reads its blocks. Chinese pages have the same blocks."""


def pages_with_blocks() -> set[str]:
    folders = ("docs/how-to/sellers", "docs/how-to/buyers", "examples")
    pages = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    pages += [ROOT / "README.md", *(ROOT / "docs/tutorials").glob("quickstart.md"), ROOT / "docs/tutorials/tour.md"]
    names = {path.relative_to(ROOT).as_posix() for path in pages if "```" in path.read_text(encoding="utf-8")}
    return {name for name in names if not name.endswith(".zh-CN.md")}


def test_each_page_with_blocks_has_a_test() -> None:
    assert pages_with_blocks() == set(TESTS)


@pytest.mark.parametrize(("page", "test"), TESTS.items())
def test_the_test_names_the_page(page: str, test: str) -> None:
    text = (ROOT / test).read_text(encoding="utf-8")
    assert all(part in text for part in page.split("/")[-2:] if part not in {"tutorials", "sellers", "buyers"})


@pytest.mark.parametrize("page", TESTS)
def test_both_languages_have_as_many_blocks(page: str) -> None:
    pages = (ROOT / page, ROOT / page.replace(".md", ".zh-CN.md"))
    english, chinese = (path.read_text(encoding="utf-8").count("```") for path in pages)
    assert english == chinese
