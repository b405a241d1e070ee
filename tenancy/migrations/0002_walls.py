"""The second wall: row-level security on every tenant table of this app, and keys that start with the organisation."""

from django.db import migrations

from cxms.lib.walls import CompositeForeignKey, DefinerFunction, ParentKey, Wall


class Migration(migrations.Migration):
    """Runs as the migrating role."""

    dependencies = [("tenancy", "0001_initial")]

    operations = [
        Wall("tenancy_unit"),
        Wall("tenancy_unitplacement"),
        Wall("tenancy_staff"),
        Wall("tenancy_touchpoint"),
        Wall("tenancy_member"),
        Wall("tenancy_memberrole"),
        Wall("tenancy_apikey"),
        Wall("tenancy_calendarversion"),
        Wall("tenancy_auditevent"),
        ParentKey("tenancy_unit"),
        ParentKey("tenancy_staff"),
        ParentKey("tenancy_touchpoint"),
        ParentKey("tenancy_member"),
        ParentKey("tenancy_calendarversion"),
        CompositeForeignKey("tenancy_unit", "parent_id", "tenancy_unit"),
        CompositeForeignKey("tenancy_unitplacement", "unit_id", "tenancy_unit"),
        CompositeForeignKey("tenancy_staff", "unit_id", "tenancy_unit"),
        CompositeForeignKey("tenancy_touchpoint", "owner_unit_id", "tenancy_unit"),
        CompositeForeignKey("tenancy_member", "staff_id", "tenancy_staff"),
        CompositeForeignKey("tenancy_memberrole", "member_id", "tenancy_member"),
        CompositeForeignKey("tenancy_memberrole", "unit_id", "tenancy_unit"),
        # found before any organisation is known: an API key by its prefix, a log-in's memberships
        DefinerFunction(
            "tenancy_find_api_key",
            "wanted text",
            "table (id uuid, organisation_id int, digest bytea, scopes varchar[], name varchar, "
            "expires_at timestamptz, revoked_at timestamptz)",
            "select k.id, k.organisation_id, k.digest, k.scopes, k.name, k.expires_at, k.revoked_at "
            "from tenancy_apikey k where k.prefix = wanted",
        ),
        DefinerFunction(
            "tenancy_memberships_of",
            "login bigint",
            "table (organisation_id int, slug varchar, name varchar)",
            "select o.id, o.slug, o.name from tenancy_member m join tenancy_organisation o on o.id = m.organisation_id "
            "where m.user_id = login and m.left_at is null order by o.id",
        ),
        # the audit is appended only: no grant to change it, and a trigger behind the missing grant
        migrations.RunSQL(
            "revoke update, delete, truncate on tenancy_auditevent from cxms_app;"
            "create function tenancy_audit_is_final() returns trigger language plpgsql as $$ "
            "begin raise exception 'the audit is appended only'; end $$;"
            "create trigger audit_is_final before update or delete on tenancy_auditevent "
            "for each row execute function tenancy_audit_is_final();",
            "drop trigger if exists audit_is_final on tenancy_auditevent;"
            "drop function if exists tenancy_audit_is_final();",
        ),
    ]
