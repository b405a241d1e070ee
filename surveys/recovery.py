"""解决以后再问: the ready-made survey that asks a customer how his complaint was handled and whether he would come back.

One press switches it on, another lets it rest; sampling and quiet days are those of every survey, and it is changed like
one. Called by the pages of surveys and of the case rules. Who is asked follows from the event of kind `recovery`.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from cxms.lib.ids import new_id
from surveys import content, surveys
from surveys.enums import Event, Kind, State
from surveys.models import Survey
from surveys.surveys import Spec
from tenancy.models import Organisation

DELAY_MINUTES = 24 * 60
QUIET_DAYS = 30
# a survey in this state is taken up again before another is made
TAKEN = (State.PUBLISHED, State.PAUSED, State.DRAFT)


def spec() -> Spec:
    """The survey as shipped: CSAT of the handling, a day after the solution."""
    return Spec(
        name=_("投诉解决以后"),
        kind=Kind.CSAT,
        texts=content.texts_of("recovery"),
        event_kind=Event.RECOVERY,
        delay_minutes=DELAY_MINUTES,
        quiet_days=QUIET_DAYS,
        asks_return=True,
    )


def current(*, organisation: int) -> Survey | None:
    """The survey that asks after a solution: one that is asking, else one that rests, else a draft; None: there is none."""
    rows = Survey.objects.filter(organisation_id=organisation, event_kind=Event.RECOVERY, state__in=TAKEN)
    return min(rows, key=lambda row: (TAKEN.index(State(row.state)), row.created_at), default=None)


def switch_on(*, organisation: int, now: datetime, actor: str) -> Survey:
    """Publishes the survey, the ready-made one where there is none. On already is a no-op, pressed twice at once too."""
    Organisation.objects.select_for_update().get(id=organisation)
    row = current(organisation=organisation)
    if row is None:
        row = surveys.create(spec(), code="csat-recovery", organisation=organisation, now=now, actor=actor, key=new_id())
    return surveys.move(row.id, State.PUBLISHED, organisation=organisation, now=now, actor=actor)


def switch_off(*, organisation: int, now: datetime, actor: str) -> Survey | None:
    """Lets the survey that is asking rest; its answers and changes stay. None when none was asking."""
    row = current(organisation=organisation)
    if row is None or row.state != State.PUBLISHED:
        return None
    return surveys.move(row.id, State.PAUSED, organisation=organisation, now=now, actor=actor)
