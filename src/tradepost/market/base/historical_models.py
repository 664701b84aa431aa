"""Migrations apply in a quarter of the time, since model classes of the past are made anew only where somebody looks at them.

Django keeps a class for each model as it was at each migration. Each change makes it make the classes of all related models anew,
and here nearly all are related: 26,000 classes for 1,400 changes, nine tenths of the time that an empty database takes. A class
that only got an index or a constraint can be told so instead. A new model needs only a class of its own, and so does one with
another column that refers to nothing and that nothing refers to: the classes that refer to it are pointed at its new one. The
state is then marked as Django marks its own shortcuts (``is_delayed``): code of a migration (``RunPython``) gets all classes made
anew before it runs.

Overrides internals of Django, which pyproject.toml keeps below the next version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ModelState, ProjectState
from django.db.models.fields.related import RECURSIVE_RELATIONSHIP_CONSTANT
from django.db.models.utils import make_model_tuple


@contextmanager
def made_less_often() -> Iterator[None]:
    """For all migrations that this process applies meanwhile."""
    django: Any = ProjectState  # its stubs leave out what is internal
    ours = {"add_model": _add_model, "_append_option": _append_option}
    before = {name: getattr(django, name) for name in (*ours, "add_field", "reload_model")}

    def add_field(  # noqa: PLR0917  # Django's
        state: Any,
        app_label: str,
        model_name: str,
        name: str,
        field: Any,
        preserve_default: bool,  # noqa: FBT001  # Django's
    ) -> None:
        before["add_field"](_Unrendered(state), app_label, model_name, name, field, preserve_default)
        _make_anew(state, app_label, model_name)
        for other in _referred_to(state.models[app_label, model_name.lower()], name):
            _make_anew(state, *other)  # it has to know of what refers to it

    def reload_model(state: Any, app_label: str, model_name: str, delay: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        if not (delay and _made_alone(state, app_label, model_name)):
            before["reload_model"](state, app_label, model_name, delay)

    for name, one in (ours | {"add_field": add_field, "reload_model": reload_model}).items():
        setattr(django, name, one)
    try:
        yield
    finally:
        for name, one in before.items():
            setattr(django, name, one)


class _Unrendered:
    """A state that is to note a change, and to make no class for it."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def reload_model(self, *_: Any, **__: Any) -> None:
        """Done by whoever asked."""


def _add_model(state: Any, model_state: ModelState) -> None:
    key = model_state.app_label, model_state.name_lower
    state.models[key] = model_state
    if state._relations is not None:  # noqa: SLF001
        state.resolve_model_relations(key)
    if "apps" in state.__dict__:
        state.is_delayed = True
        state.apps.render_multiple([model_state])
        for other in _referred_to(model_state, *model_state.fields):
            _make_anew(state, *other)  # it has to know of the new one


def _make_anew(state: Any, app_label: str, model_name: str) -> None:
    known = (app_label, model_name.lower()) in state.models  # of an app without migrations it has none
    if known and not _made_alone(state, app_label, model_name):
        state.reload_model(app_label, model_name.lower())


def _referred_to(model_state: ModelState, *fields: str) -> set[tuple[str, str]]:
    """The other models that these fields refer to."""
    own = model_state.app_label, model_state.name_lower
    given: list[Any] = [one.model for name in fields if (one := model_state.fields[name].remote_field)]
    named = [f"{own[0]}.{one}" if isinstance(one, str) and "." not in one else one for one in given]
    return {make_model_tuple(one) for one in named if one != f"{own[0]}.{RECURSIVE_RELATIONSHIP_CONSTANT}"} - {own}


def _append_option(state: Any, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    """``option_name``: indexes or constraints."""
    model_state = state.models[app_label, model_name]
    model_state.options[option_name] = [*model_state.options[option_name], obj]
    if "apps" in state.__dict__:
        state.is_delayed = True
        setattr(state.apps.get_model(app_label, model_name)._meta, option_name, model_state.options[option_name])  # noqa: SLF001


def _made_alone(state: Any, app_label: str, model_name: str) -> bool:
    """Whether a model that changed in nothing that others refer to got a class of its own. Not so where others are made of it.

    It is of the present registry: of which models refer to it is asked there."""
    key = app_label, model_name.lower()
    if "apps" not in state.__dict__ or key not in state.models:
        return False
    apps = state.apps
    before = apps.all_models[app_label].get(key[1])
    if before is None:  # it has another name now
        return False
    others = [
        model for model in apps.get_models(include_auto_created=True, include_swapped=True) if model is not before
    ]
    if any(issubclass(model, before) for model in others):
        return False
    state.is_delayed = True
    with apps.bulk_update():
        apps.unregister_model(*key)
        apps.render_multiple([state.models[key]])
        now = apps.get_model(*key)
        for model in others:
            for field in (*model._meta.local_fields, *model._meta.local_many_to_many):  # noqa: SLF001
                if field.remote_field and field.remote_field.model is before:
                    field.remote_field.model = now
                    field.__dict__.pop("related_model", None)  # is remembered
    return True
