"""The image manifest that the guide to deliveries shows is one that the market writes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tradepost.market.catalog.delivered import ImageManifest
from tradepost.market.product_types.image_manifest import ImageReference, read_images
from tradepost.protocols.text import Text

FOLDER = Path(__file__).parents[3] / "docs/how-to/sellers"
ELLIPSIS, DIGEST = "9b2c…", "9b2c" * 16
"""The page shortens the digest."""


@pytest.mark.parametrize("name", ["deliveries.md", "deliveries.zh-CN.md"])
def test_the_guide_shows_a_line_of_the_form_and_its_manifest(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").replace(ELLIPSIS, DIGEST)
    _python, (_, line), (_, shown) = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", text)
    reference = ImageReference("registry.example.com/shop/app", "1.2", f"sha256:{DIGEST}")
    assert read_images(line) == (reference,)
    manifest = ImageManifest(
        product=Text(zh="云文档", en="Cloud Docs"),
        number=1,
        listed_at=datetime(2026, 3, 1, 8, tzinfo=UTC),
        images=(reference,),
        install=Text(zh="运行 docker pull。", en="Run docker pull."),
    )
    assert json.loads(shown) == json.loads(manifest.dump())
