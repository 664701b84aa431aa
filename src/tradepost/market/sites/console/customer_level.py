"""The customer level on an account's page: the consequences for services that are not renewed, and its changes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.identity.customer_level import HISTORY
from tradepost.market.identity.models import Level, User
from tradepost.market.subscriptions.levels import RetentionTerms
from tradepost.market.subscriptions.settings_of import levels
from tradepost.market.web.timeline import moves_of

DEFAULT = "default"
MAX_CHANGES = 20
"""Maximum number of changes on the page."""


class LevelForm(forms.Form):
    level = forms.ChoiceField(label=_("New level"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("For the history. The buyer cannot see it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        default = gettext("The market's default (%(level)s)") % {"level": levels().default.value}
        self.fields["level"].choices = [(DEFAULT, default), *Level.choices]  # type: ignore[attr-defined]

    @property
    def given(self) -> str:
        """Return the chosen level; "" for the market's default."""
        level: str = self.cleaned_data["level"]
        return level.removeprefix(DEFAULT)


class Row(Struct, frozen=True):
    """A level in the table of levels."""

    level: Level
    terms: RetentionTerms
    theirs: bool


def level_of(user: User) -> Level:
    return levels().level(user.level)


def level_context(user: User, form: LevelForm | None = None) -> dict[str, Any]:
    """Return the context of the account's page."""
    all_levels = levels()
    user_level = level_of(user)
    moves: list[Move] = moves_of(HISTORY, user.pk)
    return {
        "level": user_level,
        "given": bool(user.level),
        "level_form": form or LevelForm(initial={"level": user.level or DEFAULT}),
        "level_rows": [Row(level, terms, level == user_level) for level, terms in all_levels.terms.items()],
        "level_moves": moves[: -MAX_CHANGES - 1 : -1],
        "default_level": all_levels.default,
    }
