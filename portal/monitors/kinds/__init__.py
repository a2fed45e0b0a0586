"""The kinds: for each what it is configured with, and how it looks."""
