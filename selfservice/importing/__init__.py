"""Bringing a file in: its lines, what becomes of each, and how far it is."""
