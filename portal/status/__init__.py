"""What the public is told: windows, announcements, incidents and components."""
