"""CXMS: where the house is put together. Kept empty: settings must not load before the environment is set."""
