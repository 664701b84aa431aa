"""The container images of a product, each by its digest: the questions, and how the answers are read (business-rules
§2.1, §2.5).

A digest identifies the content, so a buyer runs exactly the images that the operator reviewed; a tag can be moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from tradepost.protocols.text import Text

from .contract import Answer, Fault, Question
from .endpoint import is_reachable
from .facts import ProductFacts

RULE = "2.5"
IMAGES = "images"
MAX_IMAGES = 30
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?P<name>(?=[^/]*[.:]){_HOST}(?:/{_PART})+)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}))?"
    r"@(?P<digest>sha256:[0-9a-f]{64})"
)
"""The format of the OCI distribution specification, with the registry's host and the digest required."""
MAX_LENGTH = 500

IMAGES_QUESTION = Question(
    code=IMAGES,
    label=Text(en="Container images", zh="容器镜像"),
    help=Text(
        en="One image a line, with its registry and digest: registry.example.com/shop/app:1.2@sha256:… "
        "Buyers get them as a manifest.",
        zh="每行一个镜像，须含镜像仓库地址和摘要，例如 registry.example.com/shop/app:1.2@sha256:…。用户将获得由此生成的清单。",
    ),
    section=RULE,
    answer=Answer.TEXT,
    most=4000,
)
INSTALL = Question(
    code="install",
    label=Text(en="How to install it", zh="安装说明"),
    help=Text(
        en="How to sign in to the registry, and how to start the images. Part of the manifest that buyers get.",
        zh="说明如何登录镜像仓库、如何启动镜像。该说明随清单提供给用户。",
    ),
    section=RULE,
    answer=Answer.TEXT,
    most=4000,
    translated=True,
    required=False,
)
QUESTIONS = (IMAGES_QUESTION, INSTALL)


class ImageReference(Struct, frozen=True):
    """``name``: with the registry; ``tag`` may be empty."""

    name: str
    tag: str
    digest: str

    @property
    def reference(self) -> str:
        """The reference by which a container runtime pulls the image."""
        return f"{self.name}@{self.digest}"


def read_images(answer: str) -> tuple[ImageReference, ...]:
    """Return the images of an answer; lines without a valid reference by digest are skipped."""
    return tuple(image for line in _lines(answer) if (image := _read(line)) is not None)


def _lines(answer: str) -> list[str]:
    return [line.strip() for line in answer.split("\n") if line.strip()]


def _read(line: str) -> ImageReference | None:
    match = _REFERENCE.fullmatch(line) if len(line) <= MAX_LENGTH else None
    if match is None or not is_reachable(match["name"].partition("/")[0].partition(":")[0]):
        return None
    return ImageReference(match["name"], match["tag"] or "", match["digest"])


def check_images(facts: ProductFacts) -> Iterator[Fault]:
    """Check that every line is an image by digest, without duplicates."""
    lines = _lines(facts.answers.get(IMAGES, ""))
    for number, line in enumerate(lines, 1):
        if _read(line) is None:
            yield _image_fault(
                "manifest.image",
                Text(
                    en=f"Line {number} is not an image with a registry and a sha256 digest: “{line[:60]}”.",
                    zh=f"第 {number} 行格式错误，应为包含镜像仓库地址和 sha256 摘要的镜像地址：“{line[:60]}”。",
                ),
            )
            return
    images = [image.reference for image in read_images("\n".join(lines))]
    if len(images) != len(set(images)):
        yield _image_fault(
            "manifest.twice", Text(en="An image is listed twice. Remove one.", zh="同一镜像重复填写，请删除一行。")
        )
    if len(images) > MAX_IMAGES:
        yield _image_fault(
            "manifest.too_many",
            Text(en=f"Enter at most {MAX_IMAGES} images.", zh=f"最多填写 {MAX_IMAGES} 个镜像。"),
        )


def _image_fault(code: str, words: Text) -> Fault:
    return Fault(code=code, field=IMAGES, rule=RULE, words=words)
