"""The frontier of bound against proof length: a ladder of strategies, proved one by one on one model or more."""
