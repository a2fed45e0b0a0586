"""What was done, by whom and when: the append-only log, its spool and its segments."""
