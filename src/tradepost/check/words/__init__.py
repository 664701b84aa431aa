"""The mistakes that the tester knows, each with what to do about it in both languages."""
