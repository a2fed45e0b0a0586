"""Starting, ready, draining, stopped: the readiness checks and the ordered way out."""
