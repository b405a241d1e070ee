"""Migration operations for the second wall between tenants and for composite foreign keys.

`Wall(table)` turns on FORCE ROW LEVEL SECURITY with the tenant policy; `CompositeForeignKey` adds the
(organisation_id, x_id) → (organisation_id, id) keys that Django 5.2 has not: referential checks bypass row-level
security, so a plain key would let one tenant point at another's row.
"""

from django.db.migrations.operations import RunSQL

CURRENT = "nullif(current_setting('app.organisation', true), '')::int"


class Wall(RunSQL):
    """Walls a tenant table: only rows of the organisation in `app.organisation` exist for the application role."""

    def __init__(self, table: str, column: str = "organisation_id") -> None:
        test = f"{column} = {CURRENT}"
        super().__init__(
            sql=(
                f"alter table {table} enable row level security;"
                f"alter table {table} force row level security;"
                f"create policy tenant on {table} to cxms_app using ({test}) with check ({test});"
            ),
            reverse_sql=(
                f"drop policy if exists tenant on {table};"
                f"alter table {table} no force row level security;"
                f"alter table {table} disable row level security;"
            ),
        )


class DispatcherSees(RunSQL):
    """Lets the dispatcher role list due work: SELECT on the named columns of every tenant, nothing else."""

    def __init__(self, table: str, columns: str) -> None:
        super().__init__(
            sql=(
                f"create policy dispatcher on {table} for select to cxms_dispatcher using (true);"
                f"grant select ({columns}) on {table} to cxms_dispatcher;"
            ),
            reverse_sql=(
                f"revoke select ({columns}) on {table} from cxms_dispatcher; drop policy if exists dispatcher on {table};"
            ),
        )


class ParentKey(RunSQL):
    """A unique (organisation_id, id) on a parent table, for composite keys to point at."""

    def __init__(self, table: str) -> None:
        super().__init__(
            sql=f"alter table {table} add constraint {table}_org_id_uniq unique (organisation_id, id);",
            reverse_sql=f"alter table {table} drop constraint if exists {table}_org_id_uniq;",
        )


class CompositeForeignKey(RunSQL):
    """(organisation_id, column) references parent (organisation_id, id)."""

    def __init__(self, table: str, column: str, parent: str) -> None:
        name = f"{table}_{column}_org_fk"[:63]
        super().__init__(
            sql=(
                f"alter table {table} add constraint {name} foreign key (organisation_id, {column}) "
                f"references {parent} (organisation_id, id) deferrable initially deferred;"
            ),
            reverse_sql=f"alter table {table} drop constraint if exists {name};",
        )


class DefinerFunction(RunSQL):
    """A SECURITY DEFINER function owned by cxms_definer with a pinned search_path, callable by the application only."""

    def __init__(self, name: str, arguments: str, returns: str, body: str, *, language: str = "sql", also: str = "") -> None:
        types = ", ".join(part.split()[-1] for part in arguments.split(",") if part.strip())
        super().__init__(
            sql=(
                f"create function {name}({arguments}) returns {returns} language {language} stable security definer "
                f"set search_path = public, pg_temp {also} as $body$ {body} $body$;"
                f"revoke all on function {name}({types}) from public;"
                f"grant execute on function {name}({types}) to cxms_app;"
                f"alter function {name}({types}) owner to cxms_definer;"
            ),
            reverse_sql=f"drop function if exists {name}({types});",
        )
