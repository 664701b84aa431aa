"""Roads by which sellers of special kinds of software come to their first sale: their checklists, as data."""
