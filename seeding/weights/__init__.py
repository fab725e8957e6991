"""Trained weights of networks that seed: NAME.npz and NAME.json each."""
