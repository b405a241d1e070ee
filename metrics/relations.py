"""What metrics are counted from: relations of rows with a local day, the dimensions they can be cut by, and roll-ups.

Called by `metrics.series`, which puts the pieces into one statement; the definitions name a relation and what to add up
in it. Every relation is aliased `r` and has `organisation_id` and `local_day`; relations of scores and voices also have
the columns of a roll-up (`n`, `total`, `squares`, `h0`…`h10`), so that a measure reads alike from rows and from buckets.
Parameters: org, from_date, to_date, now, kind (of score).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics.models import N_BINS

BINS = tuple(f"h{i}" for i in range(N_BINS))
_SPAN = "organisation_id = %(org)s and local_day >= %(from_date)s and local_day < %(to_date)s"
_WEEK = "date_trunc('week', local_day)::date"


@dataclass(frozen=True)
class Cut:
    """How a relation is cut by a dimension: the key to group by, the joins it needs, the test of a filter.

    `test` compares with the parameter of the dimension's name; without it the key itself is compared.
    """

    key: str
    joins: tuple[str, ...] = ()
    test: str = ""
    test_joins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """A roll-up that can stand for the rows: what it can be cut by, and whether it counts whole weeks only.

    A week cannot say below which unit a row hung on its day: weekly ones are not filtered by subtree.
    """

    rows: str
    dimensions: frozenset[str]
    is_weekly: bool = False


@dataclass(frozen=True)
class Relation:
    """Rows to count: `rows` is a subquery, `cuts` its dimensions, `families` the roll-ups that hold the same sums.

    ticket, voice: the complaint and the feedback a row belongs to, SQL over `r`; "null" where it has none.
    """

    rows: str
    cuts: Mapping[str, Cut]
    families: tuple[Family, ...] = field(default_factory=tuple)
    ticket: str = "null::uuid"
    voice: str = "r.feedback_id"


def _family(table: str, columns: tuple[str, ...], dimensions: frozenset[str], *, is_weekly: bool = False) -> Family:
    """Buckets and unfolded deltas in one subquery: both are read in the same snapshot, so the sum is exact."""
    names = ", ".join(("organisation_id", *columns, "item", "scale_min", "scale_max"))
    day = f"{_WEEK} as local_day" if is_weekly else "local_day"
    bins = ", ".join(f"case when value = {i} and scale_max <= 10 then sign else 0 end" for i in range(N_BINS))
    belongs = " and staff_id is not null" if "staff_id" in columns else ""
    return Family(
        f"(select {names}, local_day, n, total, squares, {', '.join(BINS)} from {table}"
        f" where {_SPAN} and kind = %(kind)s"
        f" union all select {names}, {day}, sign, sign * value, sign * value * value, {bins} from metrics_delta"
        f" where {_SPAN} and kind = %(kind)s{belongs})",
        dimensions,
        is_weekly,
    )


FAMILIES = (
    _family("metrics_unitweek", ("unit_id",), frozenset({"unit"}), is_weekly=True),
    _family("metrics_unitday", ("unit_id",), frozenset({"unit"})),
    _family("metrics_touchpointday", ("touchpoint_id", "channel"), frozenset({"touchpoint", "channel"})),
    _family("metrics_staffweek", ("staff_id",), frozenset({"staff"}), is_weekly=True),
)

_VOICE = "join feedback_feedback f on f.organisation_id = r.organisation_id and f.id = r.feedback_id"
_ANALYSIS = (
    "join feedback_analysis a on a.organisation_id = r.organisation_id and a.feedback_id = {key} and a.is_current"
)
_CUSTOMER = "left join customers_customer c on c.organisation_id = r.organisation_id and c.id = {key}"
_TIER = "nullif(c.tier, '')"


def _cuts(customer: tuple[str, ...], topics: str, topic_joins: tuple[str, ...]) -> dict[str, Cut]:
    # figures are cut by the topics of the house; a node below them narrows (`topic=waiting_time/parts`) and is no part of its own
    unnested = f"cross join lateral (select code from unnest({topics}) as t(code) where strpos(code, '/') = 0) as topic"
    return {
        "unit": Cut("r.unit_id"),
        "staff": Cut("r.staff_id"),
        "touchpoint": Cut("r.touchpoint_id"),
        "channel": Cut("r.channel"),
        "tier": Cut(_TIER, customer, f"{_TIER} = %(tier)s", customer),
        "topic": Cut("topic.code", (*topic_joins, unnested), f"{topics} @> array[%(topic)s]::varchar[]", topic_joins),
    }


_ONE = ", ".join(f"(value = {i} and scale_max <= 10)::int as {name}" for i, name in enumerate(BINS))
SCORES = Relation(
    f"(select s.*, 1 as n, value as total, value * value as squares, {_ONE} from feedback_score s"
    f" where {_SPAN} and kind = %(kind)s and not excluded)",
    _cuts(
        (_VOICE, _CUSTOMER.format(key="f.customer_id")),
        "a.topic_codes",
        (_ANALYSIS.format(key="r.feedback_id"),),
    ),
    FAMILIES,
)
VOICES = Relation(
    f"(select v.*, 1 as n from feedback_feedback v where {_SPAN} and excluded_at is null and deleted_at is null)",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "a.topic_codes", (_ANALYSIS.format(key="r.id"),)),
    FAMILIES,
)
SENTIMENTS = Relation(
    "(select v.*, s.sentiment_score, s.topic_codes from feedback_feedback v join feedback_analysis s"
    " on s.organisation_id = v.organisation_id and s.feedback_id = v.id and s.is_current"
    f" where v.{_SPAN} and v.excluded_at is null and v.deleted_at is null and v.text <> '')",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "r.topic_codes", ()),
)
# one answer a customer and point; `series` puts `distinct on` around it
CUSTOMERS = Relation(
    "(select s.*, f.customer_id, f.occurred_at from feedback_score s join feedback_feedback f"
    " on f.organisation_id = s.organisation_id and f.id = s.feedback_id"
    f" where s.{_SPAN.replace('local_day', 's.local_day')} and s.kind = 'nps' and s.item = '' and not s.excluded"
    " and f.customer_id is not null)",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "a.topic_codes", (_ANALYSIS.format(key="r.feedback_id"),)),
)
# a case whose voice was excluded or deleted left every metric with it
_HEARD = (
    "join feedback_feedback f on f.organisation_id = t.organisation_id and f.id = t.feedback_id"
    " and f.excluded_at is null and f.deleted_at is null"
)
_T_SPAN = _SPAN.replace("organisation_id", "t.organisation_id").replace("local_day", "t.local_day")
_T_CUTS = _cuts((_CUSTOMER.format(key="r.customer_id"),), "r.topics", ())
TICKETS = Relation(f"(select t.* from complaints_ticket t {_HEARD} where {_T_SPAN})", _T_CUTS, ticket="r.id")
# what is to be solved: a duplicate is solved on the one that was kept
CASES = Relation(f"(select t.* from complaints_ticket t {_HEARD} where {_T_SPAN} and t.duplicate_of_id is null)", _T_CUTS, ticket="r.id")
# the first resolution that was not undone
_SOLVED = (
    "cross join lateral (select min(m.at) as at from complaints_move m"
    " where m.organisation_id = t.organisation_id and m.ticket_id = t.id and m.kind in ('resolve', 'accept')"
    " and not exists (select 1 from complaints_move u where u.organisation_id = m.organisation_id"
    " and u.ticket_id = m.ticket_id and u.kind = 'reopen' and u.data ->> 'mode' = 'undo' and u.seq > m.seq"
    " and u.at < m.at + interval '1 hour')) as solved"
)
# …and whether the case came back after it
SOLUTIONS = Relation(
    "(select t.*, solved.at as solved_at, exists (select 1 from complaints_move m"
    " where m.organisation_id = t.organisation_id and m.ticket_id = t.id and m.kind = 'reopen'"
    " and coalesce(m.data ->> 'mode', '') <> 'undo' and m.at >= solved.at and m.at < solved.at + interval '14 days')"
    f" as came_back from complaints_ticket t {_HEARD} {_SOLVED}"
    f" where {_T_SPAN} and solved.at is not null)",
    _T_CUTS,
    ticket="r.id",
)
# the same resolutions on the day they were made, whenever the case came. The moves of the period, a day wider for any zone,
# say which cases to look at, each by its key (offset 0: not all of them by a scan); whether one of them was the first that
# was not undone, and its local day, is then told exactly
_SOLVED_DAY = "(solved.at at time zone o.timezone)::date"
_MOVED = (
    "(select distinct m.ticket_id from complaints_move m where m.organisation_id = %(org)s and m.kind in ('resolve', 'accept')"
    " and m.at >= (%(from_date)s::date - 1)::timestamp at time zone 'UTC'"
    " and m.at < (%(to_date)s::date + 1)::timestamp at time zone 'UTC')"
)
RESOLUTIONS = Relation(
    "(select t.organisation_id, t.id, t.feedback_id, t.customer_id, t.unit_id, t.staff_id, t.touchpoint_id, t.channel, t.topics,"
    f" solved.at as solved_at, {_SOLVED_DAY} as local_day from {_MOVED} c"
    " cross join lateral (select * from complaints_ticket x where x.organisation_id = %(org)s and x.id = c.ticket_id"
    f" and x.duplicate_of_id is null and x.local_day < %(to_date)s offset 0) t {_HEARD} {_SOLVED}"
    " join tenancy_organisation o on o.id = t.organisation_id"
    f" where {_SOLVED_DAY} >= %(from_date)s and {_SOLVED_DAY} < %(to_date)s)",
    _T_CUTS,
    ticket="r.id",
)
# how often and how long a case was held; near the cap: four of the five days of a cycle
HOLDS = Relation(
    f"(select t.*, h.n_pauses, h.paused_seconds, h.near_cap from complaints_ticket t {_HEARD} cross join lateral ("
    "select coalesce(sum(n), 0) as n_pauses, coalesce(sum(seconds), 0)::bigint as paused_seconds,"
    " coalesce(bool_or(seconds >= 4 * 86400), false) as near_cap from (select count(*) as n, sum(greatest(0, extract(epoch from"
    " least(coalesce(p.to_at, p.expires_at), %(now)s) - p.from_at))) as seconds from complaints_pause p"
    " where p.organisation_id = t.organisation_id and p.ticket_id = t.id and p.from_at <= %(now)s group by p.cycle) c) h"
    f" where {_T_SPAN} and t.duplicate_of_id is null)",
    _T_CUTS,
    ticket="r.id",
)
# levels that fired, and who said he has it in hand
_RUNG = (
    "case when e.level like '+%%' then '4' when e.level::numeric >= 1 then '3' when e.level::numeric >= 0.75 then '2' else '1' end"
)
LEVELS = Relation(
    f"(select t.*, e.written_at, e.acknowledged_at as said_at, e.clause, {_RUNG} as level from complaints_ticket t {_HEARD}"
    " join complaints_escalation e on e.organisation_id = t.organisation_id and e.ticket_id = t.id and e.written_at <= %(now)s"
    f" where {_T_SPAN} and not t.is_history)",
    {**_T_CUTS, "level": Cut("r.level")},
    ticket="r.id",
)
_VERDICT = (
    "case when k.state in ('running', 'paused') and k.stopped_at is null and k.state <> 'paused'"
    " and k.due_at < %(now)s then 'breached' when k.state = 'paused' then 'running' else k.state end"
)
CLOCKS = Relation(
    f"(select t.*, k.clause, k.cycle as clock_cycle, {_VERDICT} as verdict, k.state as clock_state from complaints_ticket t {_HEARD}"
    " join complaints_clock k on k.organisation_id = t.organisation_id and k.ticket_id = t.id"
    f" where {_T_SPAN})",
    {**_T_CUTS, "clause": Cut("r.clause")},
    ticket="r.id",
)
# who scored as a detractor: can he be reached, and when did a person first reach him, on whichever case his voice became
DETRACTORS = Relation(
    "(select s.*, f.customer_id, f.received_at as asked_at, (coalesce(b.phone, '') <> '' or coalesce(b.email, '') <> '') as is_reachable,"
    " told.at as told_at, told.ticket_id from feedback_score s join feedback_feedback f"
    " on f.organisation_id = s.organisation_id and f.id = s.feedback_id and f.deleted_at is null"
    " left join customers_customer b on b.organisation_id = s.organisation_id and b.id = f.customer_id"
    " left join lateral (select min(m.at) as at, (array_agg(t.id order by t.part))[1] as ticket_id from complaints_ticket t"
    " left join complaints_move m on m.organisation_id = t.organisation_id"
    " and m.ticket_id = t.id and m.at <= %(now)s and m.actor <> 'customer'"
    " and (m.kind in ('reply', 'propose') or m.kind = 'contact' and m.data ->> 'reached' = 'true')"
    " where t.organisation_id = s.organisation_id and t.feedback_id = s.feedback_id) as told on true"
    f" where s.{_SPAN.replace('local_day', 's.local_day')} and s.kind = 'nps' and s.item = '' and not s.excluded and s.value <= 6)",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "a.topic_codes", (_ANALYSIS.format(key="r.feedback_id"),)),
    ticket="r.ticket_id",
)
# what could have led to a complaint: our own count of the events, or what the chosen source told, never both. Events know neither
# channel nor topic; what was told knows its day and unit alone
_CHOSEN = "(select {column} from tenancy_organisation where id = %(org)s)"
EXPOSURE = Relation(
    "(select e.organisation_id, e.local_day, e.unit_id, e.staff_id, e.touchpoint_id, e.customer_id, 1::bigint as n from customers_customerevent e"
    f" where {_SPAN} and kind = {_CHOSEN.format(column='complaint_exposure')} and {_CHOSEN.format(column='exposure_source')} = ''"
    " union all select e.organisation_id, e.local_day, e.unit_id, null::uuid, null::uuid, null::uuid, e.count from customers_exposure e"
    f" where {_SPAN} and kind = {_CHOSEN.format(column='complaint_exposure')} and source = {_CHOSEN.format(column='exposure_source')} and source <> '')",
    {name: cut for name, cut in _cuts((_CUSTOMER.format(key="r.customer_id"),), "", ()).items() if name in
     {"unit", "staff", "touchpoint", "tier"}},
)  # fmt: skip
# a case of a known customer, and whether he complained again of the same topic within thirty days of it
REPEATS = Relation(
    "(select t.*, exists (select 1 from complaints_ticket again where again.organisation_id = t.organisation_id"
    " and again.customer_id = t.customer_id and again.id <> t.id and again.duplicate_of_id is null and again.topics && t.topics"
    " and again.received_at > t.received_at and again.received_at < t.received_at + interval '30 days') as came_again"
    f" from complaints_ticket t {_HEARD} where {_T_SPAN} and t.duplicate_of_id is null and t.customer_id is not null"
    " and cardinality(t.topics) > 0)",
    _T_CUTS,
    ticket="r.id",
)
# who was asked by a survey, on the day of the decision; who answered without a receipt of the mail has it all the same
_ASKED_DAY = "(i.decided_at at time zone o.timezone)::date"
INVITATIONS = Relation(
    f"(select i.*, {_ASKED_DAY} as local_day, null::uuid as staff_id, 'survey'::varchar as channel, '{{}}'::varchar[] as topics"
    " from surveys_invitation i join tenancy_organisation o on o.id = i.organisation_id where i.organisation_id = %(org)s"
    " and i.decision = 'invited' and (i.mailed_at is not null or i.answered_at is not null)"
    # a day more on either side, for zones; then the exact one
    " and i.decided_at >= %(from_date)s::date - 1 and i.decided_at < %(to_date)s::date + 2"
    f" and {_ASKED_DAY} >= %(from_date)s and {_ASKED_DAY} < %(to_date)s)",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "r.topics", ()),
    voice="null::uuid",
)
# a known customer met us, and whether he was heard in the thirty days from then
MEETINGS = Relation(
    "(select e.*, null::varchar as channel, '{}'::varchar[] as topics, exists (select 1 from feedback_feedback h"
    " where h.organisation_id = e.organisation_id and h.customer_id = e.customer_id and h.excluded_at is null and h.deleted_at is null"
    " and h.local_day >= e.local_day and h.local_day < e.local_day + 30) as is_heard,"
    " exists (select 1 from feedback_feedback h where h.organisation_id = e.organisation_id and h.customer_id = e.customer_id"
    " and h.touchpoint_id = e.touchpoint_id and h.excluded_at is null and h.deleted_at is null"
    " and h.local_day >= e.local_day and h.local_day < e.local_day + 30) as is_heard_here from customers_customerevent e"
    f" where {_SPAN} and e.customer_id is not null)",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "r.topics", ()),
    voice="null::uuid",
)
# who waited how long, as the event tells it, with the whole organisation's target of that day; only numbers count as waits
_WAIT_CHANNEL = "case e.kind when 'call' then 'phone' when 'visit' then 'store' when 'stay' then 'store' when 'chat' then 'app' end"
WAITS = Relation(
    f"(select e.*, ({_WAIT_CHANNEL})::varchar as channel, '{{}}'::varchar[] as topics, (select x.value from metrics_target x"
    " where x.organisation_id = e.organisation_id and x.metric = 'waiting_time' and x.unit_id is null and x.dimension = '' and x.competitor = ''"
    " and x.withdrawn_at is null and x.from_date <= e.local_day order by x.from_date desc limit 1) as target from customers_customerevent e"
    f" where {_SPAN} and e.metadata ? 'waited_seconds' and jsonb_typeof(e.metadata -> 'waited_seconds') = 'number')",
    _cuts((_CUSTOMER.format(key="r.customer_id"),), "r.topics", ()),
    voice="null::uuid",
)
# what employees said of working here, by rounds that are over: while one runs, two looks would tell the answer between them
PULSES = Relation(
    "(select t.organisation_id, t.unit_id, p.local_day, t.promoters, t.passives, t.detractors from surveys_pulsetally t"
    " join surveys_pulseround p on p.organisation_id = t.organisation_id and p.id = t.round_id and p.closes_at <= %(now)s"
    f" where t.{_SPAN.replace('local_day', 'p.local_day')})",
    {"unit": Cut("r.unit_id")},
    voice="null::uuid",
)
# stores that members walked through; people, channels and topics have no part in it
INSPECTIONS = Relation(
    f"(select i.* from surveys_inspection i where {_SPAN} and i.withdrawn_at is null)",
    {"unit": Cut("r.unit_id")},
    voice="null::uuid",
)
RELATIONS: dict[str, Relation] = {
    "pulses": PULSES,
    "scores": SCORES,
    "voices": VOICES,
    "sentiments": SENTIMENTS,
    "customers": CUSTOMERS,
    "tickets": TICKETS,
    "cases": CASES,
    "solutions": SOLUTIONS,
    "clocks": CLOCKS,
    "detractors": DETRACTORS,
    "resolutions": RESOLUTIONS,
    "holds": HOLDS,
    "levels": LEVELS,
    "exposure": EXPOSURE,
    "repeats": REPEATS,
    "invitations": INVITATIONS,
    "meetings": MEETINGS,
    "waits": WAITS,
    "inspections": INSPECTIONS,
}
