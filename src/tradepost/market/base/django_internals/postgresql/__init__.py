"""Django's PostgreSQL backend, with a health check that costs no question when the connection was used a moment ago."""
