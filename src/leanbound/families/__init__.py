"""Families of models, a folder each: from a checkpoint to exact weights and a reference evaluator."""
