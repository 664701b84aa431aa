"""The kinds of operations. A module here with a ``KIND`` is one; nothing else to edit."""
