"""What kinds that people deliver ask about the acceptance (business-rules §2.10)."""

from __future__ import annotations

from tradepost.protocols.text import Text

from .contract import YES, Answer, Question

REVIEW = Question(
    code="acceptance_review",
    label=Text(
        en="Should an operator look at each delivery before its buyer accepts it?",
        zh="用户验收前是否由运营经理复核交付材料？",
    ),
    section="2.10",
    answer=Answer.YES_NO,
    required=False,
    buyers_read=True,
)
REVIEWED = YES
"""The answer by which one does."""
