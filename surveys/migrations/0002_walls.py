"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DefinerFunction, DispatcherSees, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("surveys", "0001_initial"), ("tenancy", "0002_walls"), ("customers", "0002_walls")]

    operations = [
        Wall("surveys_survey"),
        Wall("surveys_surveyversion"),
        Wall("surveys_fatiguerule"),
        Wall("surveys_link"),
        Wall("surveys_invitation"),
        Wall("surveys_response"),
        Wall("surveys_unsubscribed"),
        ParentKey("surveys_survey"),
        ParentKey("surveys_surveyversion"),
        ParentKey("surveys_link"),
        ParentKey("surveys_invitation"),
        CompositeForeignKey("surveys_survey", "touchpoint_id", "tenancy_touchpoint"),
        CompositeForeignKey("surveys_survey", "unit_id", "tenancy_unit"),
        CompositeForeignKey("surveys_surveyversion", "survey_id", "surveys_survey"),
        CompositeForeignKey("surveys_link", "survey_id", "surveys_survey"),
        CompositeForeignKey("surveys_link", "unit_id", "tenancy_unit"),
        CompositeForeignKey("surveys_invitation", "survey_id", "surveys_survey"),
        CompositeForeignKey("surveys_invitation", "customer_id", "customers_customer"),
        CompositeForeignKey("surveys_invitation", "unit_id", "tenancy_unit"),
        CompositeForeignKey("surveys_invitation", "touchpoint_id", "tenancy_touchpoint"),
        CompositeForeignKey("surveys_response", "survey_id", "surveys_survey"),
        CompositeForeignKey("surveys_response", "version_id", "surveys_surveyversion"),
        CompositeForeignKey("surveys_response", "invitation_id", "surveys_invitation"),
        CompositeForeignKey("surveys_response", "link_id", "surveys_link"),
        # the dispatcher lists whose mails are due and whose answers have fallen silent, and when the next ones will
        DispatcherSees("surveys_invitation", "organisation_id, release_at"),
        DispatcherSees("surveys_response", "organisation_id, enter_at"),
        # found before any organisation is known: a printed link by its token
        DefinerFunction(
            "surveys_find_link",
            "wanted text",
            "table (organisation_id int, id uuid)",
            "select l.organisation_id, l.id from surveys_link l where l.token = wanted and l.revoked_at is null",
        ),
    ]
