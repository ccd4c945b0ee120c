"""Reports to look at: quality of an alignment, its dictionary, and figures."""
