"""TrackNETv2: a recurrent network that draws the ellipse on the next station where a track's hit will be."""
