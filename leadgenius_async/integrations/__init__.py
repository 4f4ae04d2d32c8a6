"""At home in other tools: one module for each, which needs the extra of its name."""
