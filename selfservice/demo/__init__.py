"""Demo data: invented people, organisations and orders, for the commands and the tests only."""
