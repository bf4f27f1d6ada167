"""Requests for an access code, from the form to the code in somebody's hands."""
