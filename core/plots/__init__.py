"""Pictures of events, efficiencies, training and times, as PNG files."""
