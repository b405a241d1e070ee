"""Running clocks learn which calendar their clause names, so that later edits reach them."""

from django.db import migrations

FILL = """
    update complaints_clock c set calendar_code = v.code, hours = coalesce(
        (select e ->> 'calendar' from complaints_ticket t
         join complaints_policyversion p on p.organisation_id = t.organisation_id and p.id = t.policy_id
         cross join lateral jsonb_array_elements(p.clauses) e
         where t.organisation_id = c.organisation_id and t.id = c.ticket_id and e ->> 'code' = c.clause limit 1), v.code)
    from tenancy_calendarversion v where v.organisation_id = c.organisation_id and v.id = c.calendar_id and c.hours = ''
"""


class Migration(migrations.Migration):
    """Runs as the migrating role, which sees every tenant."""

    dependencies = [("complaints", "0006_clauses")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
