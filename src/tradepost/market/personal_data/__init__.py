"""Export and erasure of personal data: holds, the period in which an erasure can be undone, and its job (opening.md
§5)."""
