"""The table of metrics, in the order they are listed. A new metric is one file and one line here."""

from metrics.definitions import (
    ces,
    closed_loop_rate,
    complaint_rate,
    coverage,
    csat,
    csi,
    first_response,
    nps,
    nps_relationship,
    pause_rate,
    promise_attainment,
    reopen_rate,
    repeat_rate,
    resolution_rate,
    resolution_throughput,
    response_rate,
    sentiment,
    time_to_acknowledge,
    volume,
    waiting_time,
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
    repeat_rate.DEFINITION,
    closed_loop_rate.DEFINITION,
    resolution_throughput.DEFINITION,
    time_to_acknowledge.DEFINITION,
    pause_rate.DEFINITION,
    response_rate.DEFINITION,
    coverage.DEFINITION,
    waiting_time.DEFINITION,
)
BY_CODE: dict[str, Definition] = {definition.code: definition for definition in METRICS}
