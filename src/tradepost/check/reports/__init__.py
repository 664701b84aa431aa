"""Reports of a run for a terminal, a browser, a pipeline (JUnit) and a program (JSON)."""
