"""Speed, measured side by side with nginx and bare Flask in one run."""
