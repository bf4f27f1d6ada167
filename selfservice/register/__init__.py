"""The organisations of the register, from a CSV file (docs/register.md)."""
