"""An account's e-mail address, which an account that an enterprise made for one of its people may lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _EmailField = models.EmailField[str, str]
else:
    _EmailField = models.EmailField


class OptionalEmail(_EmailField):
    """Empty in Python, NULL in the database, where empty texts would be equal and no second account could lack one.

    A condition with an empty text finds nobody, as ``email = ''`` does in SQL: nobody logs in by having no address.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "null": True})

    def from_db_value(self, value: str | None, *_: object) -> str:
        return value or ""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(value or None, connection)
