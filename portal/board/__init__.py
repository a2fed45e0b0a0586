"""What the public sees at an instant, kept as ready-made answers."""
