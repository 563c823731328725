"""Reading theorems back from artifacts, and holding them against what is claimed."""
