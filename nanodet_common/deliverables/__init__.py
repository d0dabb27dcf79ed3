"""What a project hands over: one folder of curves, pictures, logs and reports, and one table."""
