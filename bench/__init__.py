"""Speed against its limits: each module measures one path beside the raw limit and the usual way, in one run."""
