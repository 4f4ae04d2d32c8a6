"""What the MCP server offers: its tools, what they take and answer, and the folder they work in."""
