"""Starting, ready, draining, stopped: the readiness checks and the shutdown in order."""
