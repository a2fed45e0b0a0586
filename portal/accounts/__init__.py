"""Operators, their roles, passwords and sessions, and the tokens of the API."""
