"""How often something may happen: exact counts that several processes share through the database."""
