"""The table of metrics, in the order they are listed. A new metric is one file and one line here."""

from metrics.definitions import (
    ces,
    complaint_rate,
    csat,
    csi,
    first_response,
    nps,
    nps_relationship,
    promise_attainment,
    reopen_rate,
    resolution_rate,
    sentiment,
    volume,
)
from metrics.definitions.definition import Definition

METRICS: tuple[Definition, ...] = (
    nps.DEFINITION,
    nps_relationship.DEFINITION,
    csat.DEFINITION,
    ces.DEFINITION,
    csi.DEFINITION,
    sentiment.DEFINITION,
    volume.DEFINITION,
    complaint_rate.DEFINITION,
    promise_attainment.DEFINITION,
    resolution_rate.DEFINITION,
    first_response.DEFINITION,
    reopen_rate.DEFINITION,
)
BY_CODE: dict[str, Definition] = {definition.code: definition for definition in METRICS}
