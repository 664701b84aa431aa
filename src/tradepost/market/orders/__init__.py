"""Orders: place, pay, cancel; one module a verb."""
