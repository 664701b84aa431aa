"""Pictures and files that sellers hand in."""
