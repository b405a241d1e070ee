"""Training and measuring of the text engine: run at build time, never by the product."""
