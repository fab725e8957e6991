"""Four hits in, the next one out, step by step: the networks of SPRACE, in coordinates of choice."""
