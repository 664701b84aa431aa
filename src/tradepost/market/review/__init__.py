"""Decisions by operators: submissions, their deadlines, their reasons."""
