"""What the portal checks itself: kinds, judging, schedule, results, heartbeats."""
