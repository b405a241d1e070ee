"""Search: the words of every voice in search form, their pairs of characters under one index, and the way to ask.

A pair's number starts with the week and the organisation: a question reads the newest weeks first and stops when it
has enough, a tenant never meets another's pairs, and new voices touch only the newest part of the index.
"""

import django.db.models.deletion
from django.db import migrations, models

from cxms.lib.walls import CURRENT, DefinerFunction, Wall
from feedback.search_form import search_form

WEEK = "604800"
TOKENS = f"""
create function feedback_search_tokens(organisation int, at timestamptz, body text) returns bigint[]
language sql immutable parallel safe set search_path = pg_catalog as $body$
    select array_agg(distinct (floor(extract(epoch from at) / {WEEK})::bigint << 51)
                              | ((organisation & 524287)::bigint << 32) | pair)
    from (select ((ascii(c) & 65535)::bigint << 16) | (ascii(lead(c) over (order by place)) & 65535) as pair
          from regexp_split_to_table(body, '') with ordinality as parts(c, place)) found
    where pair is not null
$body$
"""
# New pairs wait in a list that each search reads whole: short, it makes writing three times cheaper and searching none the
# dearer; at its usual 4 MB a search over all weeks takes five times as long. `bench/search.py`.
INDEX = """
create index search_pairs on feedback_searchtext using gin (feedback_search_tokens(organisation_id, occurred_at, body))
with (fastupdate = on, gin_pending_list_limit = 256)
"""
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
            return query select d.feedback_id, d.occurred_at, false from feedback_searchtext d
                where feedback_search_tokens(d.organisation_id, d.occurred_at, d.body)
                      @> (select array_agg(base | pair) from unnest(pairs) pair)
                  and d.organisation_id = mine and d.body like all (patterns)
                  and (units is null or d.unit_id = any(units))
                  and (until_at is null or (d.occurred_at, d.feedback_id) < (until_at, until_id))
                  and (from_at is null or d.occurred_at >= from_at)
                order by d.occurred_at desc, d.feedback_id desc limit most - n;
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


def fill(apps, schema_editor):
    """The words of the voices that were there before."""
    Feedback, SearchText = apps.get_model("feedback", "Feedback"), apps.get_model("feedback", "SearchText")
    rows = Feedback.objects.filter(deleted_at__isnull=True).exclude(text="")
    batch = []
    for row in rows.values_list("id", "organisation_id", "occurred_at", "unit_id", "text").iterator(chunk_size=5000):
        key, organisation, at, unit, text = row
        batch.append(SearchText(feedback_id=key, organisation_id=organisation, occurred_at=at, unit_id=unit, body=search_form(text)))
        if len(batch) == 5000:
            SearchText.objects.bulk_create(batch)
            batch = []
    SearchText.objects.bulk_create(batch)


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every organisation."""

    dependencies = [("feedback", "0009_correction_walls"), ("tenancy", "0009_key_authority")]

    operations = [
        migrations.CreateModel(
            name="SearchText",
            fields=[
                ("feedback", models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name="+", serialize=False, to="feedback.feedback")),
                ("occurred_at", models.DateTimeField()),
                ("body", models.TextField()),
                ("organisation", models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="tenancy.organisation")),
                ("unit", models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="tenancy.unit")),
            ],
            options={"indexes": [models.Index(fields=["organisation", "-occurred_at", "-feedback"], name="search_time")]},
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        Wall("feedback_searchtext"),
        migrations.RunSQL(TOKENS, "drop function if exists feedback_search_tokens(int, timestamptz, text)"),
        migrations.RunSQL(INDEX, "drop index if exists search_pairs"),
        DefinerFunction(
            "feedback_search",
            "pairs bigint[], patterns text[], units uuid[], from_at timestamptz, until_at timestamptz, until_id uuid, most int, seconds float8",
            "table(feedback_id uuid, occurred_at timestamptz, is_end boolean)",
            SEARCH,
            language="plpgsql",
            # the index or nothing: statistics of a young week know none of its pairs
            also="set enable_seqscan = off set jit = off",
        ),
    ]
