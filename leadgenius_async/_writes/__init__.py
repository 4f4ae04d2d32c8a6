"""Rows → leads: what is read from files and tables, and what of it the service takes."""
