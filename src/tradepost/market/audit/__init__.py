"""Every act of an operator: who did what to which object, when, and what came of it."""
