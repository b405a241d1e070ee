"""Both walls, from the catalogue of PostgreSQL itself: every tenant table of every migration, or the test fails."""

import threading

import pytest
from django.apps import apps
from django.db import connection, transaction
from django_scopes.exceptions import ScopeError

from feedback.models import Feedback
from tenancy.models import Unit
from tenancy.scope import ScopeRefused, organisation_scope

GLOBAL = {
    "tenancy_organisation", "tenancy_user", "tenancy_user_groups", "tenancy_user_user_permissions", "ledger_heartbeat", "alerts_incident",
}  # fmt: skip
FOREIGN = ("django_", "auth_", "account_", "mfa_", "socialaccount_")


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_every_table_is_walled_or_named_as_global():
    tables = rows(
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity, "
        "  exists(select 1 from pg_policies p where p.tablename = c.relname and p.policyname = 'tenant' "
        "         and 'cxms_app' = any(p.roles) and p.qual is not null and p.with_check is not null), "
        "  exists(select 1 from information_schema.columns i where i.table_name = c.relname "
        "         and i.column_name = 'organisation_id') "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'public' and c.relkind in ('r', 'p')"
    )
    assert len(tables) > 30
    for name, enabled, forced, policy, has_organisation in tables:
        if name in GLOBAL or name.startswith(FOREIGN):
            assert not has_organisation, f"{name} is global but carries an organisation"
            continue
        assert has_organisation, f"{name} is neither global nor a tenant's"
        assert (enabled, forced, policy) == (True, True, True), f"{name} is not walled"


def test_the_application_role_cannot_step_over_the_wall():
    ((name, is_super, bypasses, creates),) = rows(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user"
    )
    assert (name, is_super, bypasses, creates) == ("cxms_app", False, False, False)
    owned = rows(
        "select relname from pg_class c join pg_roles r on r.oid = c.relowner join pg_namespace n "
        "on n.oid = c.relnamespace where r.rolname = current_user and n.nspname = 'public'"
    )
    assert owned == []


def test_keys_of_tenant_tables_point_inside_the_organisation():
    """A plain foreign key between two tenant tables must have a composite twin, or be a hot table's unchecked one."""
    tenant = {name for (name,) in rows("select table_name from information_schema.columns where column_name = 'organisation_id' and table_schema = 'public'")}  # fmt: skip
    keys = rows(
        "select conrelid::regclass::text, confrelid::regclass::text, array_length(conkey, 1), "
        " (select attname from pg_attribute a where a.attrelid = conrelid and a.attnum = conkey[array_length(conkey, 1)]) "
        "from pg_constraint where contype = 'f'"
    )
    composite = {(table, column) for table, _, width, column in keys if width == 2}
    for table, parent, width, column in keys:
        if width == 1 and table in tenant and parent in tenant:
            assert (table, column) in composite, f"{table}.{column} may point into another organisation"


def test_wall_one_alone_a_query_outside_a_scope_raises():
    for model in apps.get_models():
        if any(field.name in {"organisation", "organisation_id"} for field in model._meta.fields):
            with pytest.raises(ScopeError):
                list(model.objects.all()[:1])


def test_wall_two_alone_raw_sql_without_the_setting_sees_nothing(shop, stranger):
    assert rows("select count(*) from tenancy_unit") == [(0,)]
    with transaction.atomic():
        rows("select set_config('app.organisation', %s, true)", str(shop.id))
        assert rows("select distinct organisation_id from tenancy_unit") == [(shop.id,)]
        assert rows("select count(*) from tenancy_unit where organisation_id = %s", stranger.id) == [(0,)]
        with connection.cursor() as cursor:
            cursor.execute("update tenancy_unit set name = 'x' where organisation_id = %s", [stranger.id])
            assert cursor.rowcount == 0
    assert rows("select count(*) from tenancy_unit") == [(0,)]


def test_wall_two_refuses_a_row_for_another_organisation(shop, stranger):
    from django.db.utils import ProgrammingError

    with pytest.raises(ProgrammingError, match="row-level security"), shop.scope():
        Unit.objects.create(organisation_id=stranger.id, code="X", kind="store", name="x", path="/X/")


def test_a_scope_refuses_a_second_organisation_and_restores_what_was_before(shop, stranger):
    with shop.scope():
        with pytest.raises(ScopeRefused), organisation_scope(stranger.id):
            pass
        with organisation_scope(shop.id):
            assert Unit.objects.filter(code="S001").exists()
        assert Unit.objects.filter(code="S001").exists()
    with transaction.atomic():
        with shop.scope():
            pass
        assert rows("select current_setting('app.organisation', true)") == [("",)]


def test_threads_of_two_organisations_never_see_each_other(shop, stranger):
    seen = []

    def read(mine):
        for _ in range(60):
            with organisation_scope(mine):
                seen.append(mine == set(rows("select organisation_id from tenancy_unit")).pop()[0])
        connection.close()

    threads = [threading.Thread(target=read, args=(mine,)) for mine in (shop.id, stranger.id) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8 * 60
    assert all(seen)


def test_the_audit_cannot_be_changed(shop, now):
    from django.db.utils import ProgrammingError

    from tenancy import audit
    from tenancy.models import AuditEvent

    with shop.scope():
        audit.note("x", "y", organisation=shop.id, actor="t", now=now)
    for change in ("update", "delete"):
        with pytest.raises(ProgrammingError, match="permission denied"), shop.scope():
            rows_ = AuditEvent.objects.all()
            _ = rows_.update(actor="z") if change == "update" else rows_.delete()


def test_the_dispatcher_sees_due_work_and_nothing_else(shop):
    from django.db import connections
    from django.db.utils import ProgrammingError

    for sql in ("select data from ledger_fact", "select * from feedback_feedback", "select last_error from ledger_delivery"):
        with pytest.raises(ProgrammingError, match="permission denied"), connections["dispatcher"].cursor() as cursor:
            cursor.execute(sql)
        connections["dispatcher"].close()


def test_scores_outside_their_scale_are_refused_by_the_database(shop, now):
    from django.db.utils import IntegrityError

    from feedback.models import Score

    with pytest.raises(IntegrityError, match="score_in_scale"), shop.scope():
        Score.objects.create(
            organisation_id=shop.id, feedback_id=Feedback().id, kind="nps", value=11, scale_min=0, scale_max=10,
            channel="app", local_day=now.date(),
        )  # fmt: skip
