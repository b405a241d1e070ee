"""The register of metrics: one file a metric, one line in `table`. Every number of the product is defined here."""
