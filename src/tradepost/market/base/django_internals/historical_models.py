"""Migrations apply in a quarter of the time, since model classes of the past are made anew only where somebody looks at them.

Django keeps a class for each model as it was at each migration. Each change makes it make the classes of all related models anew,
and here nearly all are related: 26,000 classes for 1,400 changes, nine tenths of the time that an empty database takes. A class
that only got an index or a constraint can be told so instead. A new model needs only a class of its own, and so does one with
another column that refers to nothing and that nothing refers to: the classes that refer to it are pointed at its new one. The
state is then marked as Django marks its own shortcuts (``is_delayed``): code of a migration (``RunPython``) gets all classes made
anew before it runs.

Without it, a new database takes 80 seconds of processor time instead of 8, and the upgrade from 0.1.0 120 instead of 20.

Written against Django 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ModelState, ProjectState
from django.db.models.fields.related import RECURSIVE_RELATIONSHIP_CONSTANT
from django.db.models.utils import make_model_tuple


@contextmanager
def render_less_often() -> Iterator[None]:
    """For all migrations that this process applies meanwhile."""
    django: Any = ProjectState  # its stubs leave out what is internal
    replacements = {"add_model": _add_model, "_append_option": _append_option}
    originals = {name: getattr(django, name) for name in (*replacements, "add_field", "reload_model")}

    def add_field(  # noqa: PLR0917  # Django's
        state: Any,
        app_label: str,
        model_name: str,
        name: str,
        field: Any,
        preserve_default: bool,  # noqa: FBT001  # Django's
    ) -> None:
        originals["add_field"](_Unrendered(state), app_label, model_name, name, field, preserve_default)
        _reload(state, app_label, model_name)
        for referred_key in _referenced_models(state.models[app_label, model_name.lower()], name):
            _reload(state, *referred_key)  # it has to know of what refers to it

    def reload_model(state: Any, app_label: str, model_name: str, delay: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's
        if not (delay and _is_rendered_alone(state, app_label, model_name)):
            originals["reload_model"](state, app_label, model_name, delay)

    for name, method in (replacements | {"add_field": add_field, "reload_model": reload_model}).items():
        setattr(django, name, method)
    try:
        yield
    finally:
        for name, method in originals.items():
            setattr(django, name, method)


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
        for referred_key in _referenced_models(model_state, *model_state.fields):
            _reload(state, *referred_key)  # it has to know of the new one


def _reload(state: Any, app_label: str, model_name: str) -> None:
    has_state = (app_label, model_name.lower()) in state.models  # of an app without migrations it has none
    if has_state and not _is_rendered_alone(state, app_label, model_name):
        state.reload_model(app_label, model_name.lower())


def _referenced_models(model_state: ModelState, *fields: str) -> set[tuple[str, str]]:
    """The other models that these fields refer to."""
    own_key = model_state.app_label, model_state.name_lower
    targets: list[Any] = [target.model for name in fields if (target := model_state.fields[name].remote_field)]
    named_targets = [
        f"{own_key[0]}.{target}" if isinstance(target, str) and "." not in target else target for target in targets
    ]
    return {
        make_model_tuple(target)
        for target in named_targets
        if target != f"{own_key[0]}.{RECURSIVE_RELATIONSHIP_CONSTANT}"
    } - {own_key}


def _append_option(state: Any, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    """``option_name``: indexes or constraints."""
    model_state = state.models[app_label, model_name]
    model_state.options[option_name] = [*model_state.options[option_name], obj]
    if "apps" in state.__dict__:
        state.is_delayed = True
        setattr(state.apps.get_model(app_label, model_name)._meta, option_name, model_state.options[option_name])  # noqa: SLF001


def _is_rendered_alone(state: Any, app_label: str, model_name: str) -> bool:
    """Whether a model that changed in nothing that others refer to got a class of its own. Not so where others are made of it.

    It is of the present registry: of which models refer to it is asked there."""
    key = app_label, model_name.lower()
    if "apps" not in state.__dict__ or key not in state.models:
        return False
    apps = state.apps
    old_model = apps.all_models[app_label].get(key[1])
    if old_model is None:  # it has another name now
        return False
    other_models = [
        model for model in apps.get_models(include_auto_created=True, include_swapped=True) if model is not old_model
    ]
    if any(issubclass(model, old_model) for model in other_models):
        return False
    state.is_delayed = True
    with apps.bulk_update():
        apps.unregister_model(*key)
        apps.render_multiple([state.models[key]])
        new_model = apps.get_model(*key)
        for model in other_models:
            for field in (*model._meta.local_fields, *model._meta.local_many_to_many):  # noqa: SLF001
                if field.remote_field and field.remote_field.model is old_model:
                    field.remote_field.model = new_model
                    field.__dict__.pop("related_model", None)  # is remembered
    return True
