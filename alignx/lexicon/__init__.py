"""Word pairs with scores, and their file formats."""
