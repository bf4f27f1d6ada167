"""Who may do what: organisations, people, access codes, passwords, sessions and one-use tokens."""
