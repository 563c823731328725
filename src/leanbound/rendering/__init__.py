"""From certificates to Lean sources, by templates."""
