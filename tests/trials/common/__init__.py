"""What the trials share."""
