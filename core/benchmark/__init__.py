"""The time that every stage takes on this machine, beside the times of the paper."""
