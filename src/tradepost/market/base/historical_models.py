"""Migrations apply in a third of the time, since model classes of the past are made anew only where somebody looks at them.

Django keeps a class for each model as it was at each migration. Each new index, constraint or model makes it make the classes of
all related models anew, and here nearly all are related: 26,000 classes for 1,400 changes, nine tenths of the time that an empty
database takes. A class that only got an index or a constraint can be told so instead, and a new model needs only a class of its
own; the others do not yet know of it, so that the state is marked as Django marks its own shortcuts (``is_delayed``): code of a
migration (``RunPython``) gets all classes made anew before it runs.

Overrides internals of Django, which pyproject.toml keeps below the next version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ModelState, ProjectState


@contextmanager
def made_less_often() -> Iterator[None]:
    """For all migrations that this process applies meanwhile."""
    django: Any = ProjectState  # its stubs leave out what is internal
    before = django.add_model, django._append_option  # noqa: SLF001  # there is no other way to it
    django.add_model, django._append_option = _add_model, _append_option  # noqa: SLF001
    try:
        yield
    finally:
        django.add_model, django._append_option = before  # noqa: SLF001


def _add_model(state: Any, model_state: ModelState) -> None:
    key = model_state.app_label, model_state.name_lower
    state.models[key] = model_state
    if state._relations is not None:  # noqa: SLF001
        state.resolve_model_relations(key)
    if "apps" in state.__dict__:
        state.is_delayed = True
        state.apps.render_multiple([model_state])


def _append_option(state: Any, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    """``option_name``: indexes or constraints."""
    model_state = state.models[app_label, model_name]
    model_state.options[option_name] = [*model_state.options[option_name], obj]
    if "apps" in state.__dict__:
        state.is_delayed = True
        setattr(state.apps.get_model(app_label, model_name)._meta, option_name, model_state.options[option_name])  # noqa: SLF001
