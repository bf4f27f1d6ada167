"""Who may do what: organisations, people, their access codes, passwords and one-use tokens."""
