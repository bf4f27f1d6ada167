"""Importing files: parsing, counting results and reporting progress."""
