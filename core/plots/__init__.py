"""Pictures of events, efficiencies, training and times, as PNG files.

Importing this package imports matplotlib; nothing else in Clew does.
"""

from clew.plots.efficiency import draw_efficiency
from clew.plots.event import EventPictures, draw_event
from clew.plots.times import draw_times
from clew.plots.training import draw_learning_curve

__all__ = ["EventPictures", "draw_efficiency", "draw_event", "draw_learning_curve", "draw_times"]
