"""What a run found, written for a terminal, a browser, a pipeline (JUnit) and a program (JSON)."""
