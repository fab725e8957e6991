"""Growing triplets hit by hit: what the extenders that predict and snap in one loop share."""
