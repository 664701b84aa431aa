"""The only place that overrides or reads what Django keeps to itself.

Each module says why, and the release it was written against. ``tests/architecture/test_internals.py`` fails when another
release is installed, when Django changed the code that a module relies on, and when other modules do the same. Django's
documented parts, such as ``_meta``, ``_state`` and managers, are used everywhere.
"""
