"""The second wall of imports and mailboxes."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DispatcherSees, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("feedback", "0003_bring_in"), ("tenancy", "0002_walls")]

    operations = [
        Wall("feedback_importjob"),
        Wall("feedback_importpart"),
        Wall("feedback_importreject"),
        Wall("feedback_mailbox"),
        Wall("feedback_mailmessage"),
        ParentKey("feedback_importjob"),
        ParentKey("feedback_mailbox"),
        CompositeForeignKey("feedback_importpart", "job_id", "feedback_importjob"),
        CompositeForeignKey("feedback_importreject", "job_id", "feedback_importjob"),
        CompositeForeignKey("feedback_mailbox", "unit_id", "tenancy_unit"),
        CompositeForeignKey("feedback_mailmessage", "mailbox_id", "feedback_mailbox"),
        # whose mailbox is to be read
        DispatcherSees("feedback_mailbox", "organisation_id, is_active, next_poll_at"),
    ]
