"""Orders: what was ordered with an access code, by whom and for whom, and how a million of them stay quick."""
