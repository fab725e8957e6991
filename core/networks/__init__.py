"""What networks are made of: blocks, losses, records of weights.  Keras trains them, numpy runs them."""
