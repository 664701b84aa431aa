"""Tell people: notices in the site and by e-mail, in their language, delivered with retries that can be seen."""
