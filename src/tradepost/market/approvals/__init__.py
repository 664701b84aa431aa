"""Acts of operators that need approval by a second operator, such as payments above a limit."""
