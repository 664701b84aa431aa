"""Work items for operators from all contexts, with due time, assignee and snooze."""
