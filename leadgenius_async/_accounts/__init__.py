"""Many accounts, one call: who they are, and their exports side by side."""
