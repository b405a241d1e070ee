"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DispatcherSees, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("complaints", "0001_initial"), ("tenancy", "0002_walls"), ("customers", "0002_walls")]

    operations = [
        Wall("complaints_policyversion"),
        Wall("complaints_ticket"),
        Wall("complaints_ticketcounter"),
        Wall("complaints_move"),
        Wall("complaints_clock"),
        Wall("complaints_pause"),
        Wall("complaints_escalation"),
        ParentKey("complaints_policyversion"),
        ParentKey("complaints_ticket"),
        ParentKey("complaints_clock"),
        CompositeForeignKey("complaints_ticket", "customer_id", "customers_customer"),
        CompositeForeignKey("complaints_ticket", "unit_id", "tenancy_unit"),
        CompositeForeignKey("complaints_ticket", "staff_id", "tenancy_staff"),
        CompositeForeignKey("complaints_ticket", "touchpoint_id", "tenancy_touchpoint"),
        CompositeForeignKey("complaints_ticket", "owner_id", "tenancy_member"),
        CompositeForeignKey("complaints_ticket", "policy_id", "complaints_policyversion"),
        CompositeForeignKey("complaints_move", "ticket_id", "complaints_ticket"),
        CompositeForeignKey("complaints_clock", "ticket_id", "complaints_ticket"),
        CompositeForeignKey("complaints_clock", "calendar_id", "tenancy_calendarversion"),
        CompositeForeignKey("complaints_pause", "ticket_id", "complaints_ticket"),
        CompositeForeignKey("complaints_escalation", "ticket_id", "complaints_ticket"),
        CompositeForeignKey("complaints_escalation", "clock_id", "complaints_clock"),
        # the dispatcher lists who has a clock that fires, and when the next one does
        DispatcherSees("complaints_clock", "organisation_id, next_fire_at"),
    ]
