"""Rate limits and sliding-window limits: exact counts, shared by all processes through the database."""
