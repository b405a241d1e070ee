"""Search by one process, by pairs before time.

Over millions of voices the planner sent two helpers into every week, which cost a hundred times what they found, and for
few rows it would have read the time line instead of the pairs.
"""

from django.db import migrations

from cxms.lib.walls import CURRENT, DefinerFunction

WEEK = "604800"
SEARCH = f"""
declare
    mine int := {CURRENT};
    week bigint; oldest bigint; base bigint; n int := 0; n_here int;
    began timestamptz := clock_timestamp();
begin
    if mine is null then
        raise exception 'feedback_search: no organisation';
    end if;
    select floor(extract(epoch from least(max(d.occurred_at), until_at)) / {WEEK}),
           floor(extract(epoch from greatest(min(d.occurred_at), from_at)) / {WEEK})
      into week, oldest from feedback_searchtext d where d.organisation_id = mine;
    while week >= oldest and n < most loop
        base := (week << 51) | ((mine & 524287)::bigint << 32);
        if cardinality(pairs) > 0 then
            return query select here.feedback_id, here.occurred_at, false from (
                select d.feedback_id, d.occurred_at from feedback_searchtext d
                where feedback_search_tokens(d.organisation_id, d.occurred_at, d.body)
                      @> (select array_agg(base | pair) from unnest(pairs) pair)
                  and d.organisation_id = mine and d.body like all (patterns)
                  and (units is null or d.unit_id = any(units))
                  and (until_at is null or (d.occurred_at, d.feedback_id) < (until_at, until_id))
                  and (from_at is null or d.occurred_at >= from_at)
                -- found by its pairs first, put in order then: never the whole time line read for a rare word
                offset 0) here order by here.occurred_at desc, here.feedback_id desc limit most - n;
        else
            return query select d.feedback_id, d.occurred_at, false from feedback_searchtext d
                where d.organisation_id = mine and d.body like all (patterns)
                  and d.occurred_at >= to_timestamp(week * {WEEK}) and d.occurred_at < to_timestamp((week + 1) * {WEEK})
                  and (units is null or d.unit_id = any(units))
                  and (until_at is null or (d.occurred_at, d.feedback_id) < (until_at, until_id))
                  and (from_at is null or d.occurred_at >= from_at)
                order by d.occurred_at desc, d.feedback_id desc limit most - n;
        end if;
        get diagnostics n_here = row_count;
        n := n + n_here;
        week := week - 1;
        if n < most and week >= oldest and clock_timestamp() - began > make_interval(secs => seconds) then
            -- as far as it came: what is older was not looked at
            return query select null::uuid, to_timestamp((week + 1) * {WEEK}), true;
            exit;
        end if;
    end loop;
end
"""


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0014_coding_walls")]

    operations = [
        migrations.RunSQL("drop function feedback_search(bigint[], text[], uuid[], timestamptz, timestamptz, uuid, int, float8)", migrations.RunSQL.noop),
        DefinerFunction(
            "feedback_search",
            "pairs bigint[], patterns text[], units uuid[], from_at timestamptz, until_at timestamptz, until_id uuid, most int, seconds float8",
            "table(feedback_id uuid, occurred_at timestamptz, is_end boolean)",
            SEARCH,
            language="plpgsql",
            # the index or nothing: statistics of a young week know none of its pairs; a week is too little for helpers
            also="set enable_seqscan = off set jit = off set max_parallel_workers_per_gather = 0",
        ),
    ]
