"""Components: the parts of the service, in groups, and the spans in which one was impaired.

What a component is like follows from spans and from the windows it stands in, at any instant and
for any day, so that nothing has to sample it and a backdated incident is in its history.
"""

from portal.status.components.acts import MOST_COMPONENTS, Components
from portal.status.components.component import Component, Span, State
from portal.status.components.queries import (
    by_hand,
    count,
    find,
    known,
    listed,
    listed_with_history,
    open_by_hand,
    spans,
)
from portal.status.components.schemas import (
    ComponentIn,
    ComponentOut,
    Impact,
    Slug,
    StateChange,
    out,
)
