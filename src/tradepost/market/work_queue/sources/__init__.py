"""Sources of the work queue: one module per context, each with ``SOURCES``."""
