"""The `portal` command: `command.py` is the way in; web processes load no commands."""
