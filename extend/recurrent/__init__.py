"""A recurrent network in the loop of prediction and update: it says what a prediction is worth."""
