"""Normalise a text for the text rules: variants of a character become equal, invisible characters are removed."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 50_000
"""Maximum characters of a text that are checked; a longer text is refused."""
_TRADITIONAL = str.maketrans(
    "國級強優產軟體銷業專價頂聯繫臺們請線網場權獨佔證務術團隊選擇購買聽話電號碼",
    "国级强优产软体销业专价顶联系台们请线网场权独占证务术团队选择购买听话电号码",
)
_BEFORE = str.maketrans({"№": "no.", "＃": "#", "。": "。"})  # compatibility forms that would lose their full stop
_CHINESE = "\u3400-\u9fff"
_BLANKS = re.compile(r"[^\S\n]+")
_BETWEEN = re.compile(rf"(?<=[{_CHINESE}]) (?=[{_CHINESE}])")
_INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me", "Co", "Cs"})


def plain(text: str) -> str:
    """Return the text in half width, lower case and simplified characters, without invisible characters and combining
    marks.

    Several spaces become one, and spaces between Chinese characters are removed; line breaks stay. At most
    ``MAX_LENGTH`` characters, also after normalisation, which expands some characters."""
    normalised = unicodedata.normalize("NFKC", text[:MAX_LENGTH].translate(_BEFORE))[:MAX_LENGTH].casefold()
    visible = "".join(
        character
        for character in normalised
        if character in "\n\t\r" or unicodedata.category(character) not in _INVISIBLE
    )
    return _BETWEEN.sub("", _BLANKS.sub(" ", visible.replace("\r", "\n").translate(_TRADITIONAL)))[:MAX_LENGTH]
