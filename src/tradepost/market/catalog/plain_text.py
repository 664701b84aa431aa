"""A text as rules read it: what only looks different is the same, and what nobody sees is not there."""

from __future__ import annotations

import re
import unicodedata

MOST = 50_000
"""Characters of a text that are looked at; a longer one is refused for that, unread."""
_TRADITIONAL = str.maketrans(
    "國級強優產軟體銷業專價頂聯繫臺們請線網場權獨佔證務術團隊選擇購買聽話電號碼",
    "国级强优产软体销业专价顶联系台们请线网场权独占证务术团队选择购买听话电号码",
)
_BEFORE = str.maketrans({"№": "no.", "＃": "#", "。": "。"})  # compatibility forms whose full stop would get lost
_CHINESE = "\u3400-\u9fff"
_BLANKS = re.compile(r"[^\S\n]+")
_BETWEEN = re.compile(rf"(?<=[{_CHINESE}]) (?=[{_CHINESE}])")
_UNSEEN = frozenset({"Cf", "Cc", "Mn", "Me", "Co", "Cs"})


def plain(text: str) -> str:
    """Half width, lower case, simplified; without invisible signs and marks over letters; one blank for many, and none between
    two Chinese signs. Lines stay. At most ``MOST`` characters: some signs are written out as many."""
    wide = unicodedata.normalize("NFKC", text[:MOST].translate(_BEFORE))[:MOST].casefold()
    seen = "".join(sign for sign in wide if sign in "\n\t\r" or unicodedata.category(sign) not in _UNSEEN)
    return _BETWEEN.sub("", _BLANKS.sub(" ", seen.replace("\r", "\n").translate(_TRADITIONAL)))[:MOST]
