"""What the public is told: announcements, windows, incidents and components."""
