"""What the platform is doing: counters, workers, the snapshot, alerts and episodes."""
