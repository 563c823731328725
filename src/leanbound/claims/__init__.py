"""What is claimed, and what pins it: claim files, properties, the lock, verdicts, the repository they lie in."""
