"""Subjects of notices: a module each with its texts, its readers, and the notices that follow each event."""
