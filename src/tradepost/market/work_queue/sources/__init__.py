"""Where the work queue's entries come from: a module a context, each with ``SOURCES``."""
