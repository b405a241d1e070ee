"""Statement triggers that write a signed delta for every change of a counted row: exact under late, edited, excluded and
deleted rows. They live here so that the tables below know nothing of metrics; a test runs them after every migration.
"""

from django.db import migrations

TARGET = """
    insert into metrics_delta (organisation_id, kind, item, scale_min, scale_max, unit_id, staff_id, touchpoint_id,
                               channel, local_day, value, sign)
"""
SCORES = """
    select organisation_id, kind, item, scale_min, scale_max, unit_id, staff_id, touchpoint_id, channel, local_day,
           value, {sign}count(*) from {rows} where not excluded group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
VOICES = """
    select organisation_id, 'volume', '', 0, 0, unit_id, staff_id, touchpoint_id, channel, local_day, 0, {sign}count(*)
    from {rows} where excluded_at is null and deleted_at is null group by 1, 6, 7, 8, 9, 10
"""


def _function(name: str, select: str) -> str:
    came, left = select.format(sign="", rows="came"), select.format(sign="-", rows="gone")
    return f"""
        create function {name}() returns trigger language plpgsql as $body$
        begin
            if tg_op = 'INSERT' then {TARGET} {came};
            elsif tg_op = 'DELETE' then {TARGET} {left};
            else {TARGET} {left}; {TARGET} {came};
            end if;
            return null;
        end $body$;
    """


def _triggers(table: str, function: str) -> str:
    return f"""
        create trigger metrics_came after insert on {table} referencing new table as came
            for each statement execute function {function}();
        create trigger metrics_left after delete on {table} referencing old table as gone
            for each statement execute function {function}();
        create trigger metrics_changed after update on {table} referencing old table as gone new table as came
            for each statement execute function {function}();
    """


def _drop(table: str, function: str) -> str:
    names = ("metrics_came", "metrics_left", "metrics_changed")
    return "".join(f"drop trigger if exists {n} on {table};" for n in names) + f"drop function if exists {function}();"


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("metrics", "0002_walls")]

    operations = [
        migrations.RunSQL(
            _function("metrics_score_delta", SCORES) + _triggers("feedback_score", "metrics_score_delta"),
            _drop("feedback_score", "metrics_score_delta"),
        ),
        migrations.RunSQL(
            _function("metrics_voice_delta", VOICES) + _triggers("feedback_feedback", "metrics_voice_delta"),
            _drop("feedback_feedback", "metrics_voice_delta"),
        ),
    ]
