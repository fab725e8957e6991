"""A Kalman filter along the helix of each candidate, in the field off the axis, with scattering."""
