"""One file per API section: its structs and its calls."""
