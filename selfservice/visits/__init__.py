"""A visitor's cookie and what is kept behind it: half-filled forms, and a signed-in person's session."""
