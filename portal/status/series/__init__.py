"""Series: recurring windows, each of whose occurrences is a window of its own.

Occurrences are planned two months ahead, when the series is made and by `portal worker` from then
on. An occurrence can be started, extended, ended and cancelled like any window.
"""

from portal.status.series.acts import Series
from portal.status.series.queries import due, find, going_on, page
from portal.status.series.schemas import Occurrence, SeriesIn, SeriesOut, out
from portal.status.series.series import AHEAD, MOST_AHEAD, WindowSeries, plan
