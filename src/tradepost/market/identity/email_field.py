"""The email address of an account, which may be missing for accounts that an enterprise created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _EmailField = models.EmailField[str, str]
else:
    _EmailField = models.EmailField


class OptionalEmail(_EmailField):
    """Empty in Python, NULL in the database, because a unique constraint allows only one empty text.

    A filter with an empty text matches nothing, as ``email = ''`` does in SQL, so an account without an address
    cannot be signed in to by email."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "null": True})

    def from_db_value(self, value: str | None, *_: object) -> str:
        return value or ""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(value or None, connection)
