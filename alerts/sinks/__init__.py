"""Where notices go besides the bell: one module a kind, listed in `table`. Each is pure but for its one call outside."""
