"""The hits of one event as searches see them: sorted by place, with what their clusters and modules tell."""
