"""Object condensation after gnn_tracking: network, training, seeder and the scan of its settings."""
