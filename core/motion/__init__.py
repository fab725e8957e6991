"""How tracks move: the state, its transport through the field, measurements and fits of helices."""
