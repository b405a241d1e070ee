"""The demo: a believable chain of digital-goods stores, and a small neighbour. Deterministic by seed, dated from today."""
