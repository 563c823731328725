"""From a claim to a verdict, resumable, and fresh only while nothing that it rests on has changed."""
