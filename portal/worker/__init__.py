"""What runs beside the web: samples and alerts, deliveries, and retention."""
