"""History read anew after the taxonomy or the own model changed: slice by slice in the background, from where it stood, announced by facts.

A slice is one transaction: its rows, how far it came, and the fact that asks for the next. A worker killed in the middle
rolls all of it back, and another takes the slice again. A newer version supersedes an older run.
"""

import uuid
from datetime import datetime

from cxms.lib import failpoints
from feedback import analysis, own_weights, taxonomies
from feedback.corrections import PERSON, PROVIDER
from feedback.models import Analysis, Feedback, Relabelling
from feedback.tree import Node
from ledger.facts import record

SLICE = 500


def change(wanted: Node, *, was: str, organisation: int, version: int, now: datetime, actor: str) -> Relabelling:
    """Keeps a taxonomy with one node new or in place of `was`, and begins to read history with it. Raises TreeError, Stale."""
    row = taxonomies.put(wanted, was=was, organisation=organisation, version=version, now=now, actor=actor)
    return start(row.version, organisation=organisation, now=now, actor=actor)


def adopt(industry: str, *, organisation: int, version: int, now: datetime, actor: str) -> Relabelling:
    """As `change`, with the nodes an industry begins with."""
    nodes = taxonomies.with_industry(taxonomies.current(organisation=organisation).nodes, industry)
    row = taxonomies.save(nodes, "adopted", industry, organisation=organisation, version=version, now=now, actor=actor)
    return start(row.version, organisation=organisation, now=now, actor=actor)


def again(*, organisation: int, now: datetime, actor: str) -> Relabelling:
    """Reads history with the model that is in use now, because a person asked for it."""
    taxonomies.hold(organisation=organisation)
    return start(taxonomies.current(organisation=organisation).version, organisation=organisation, now=now, actor=actor)


def start(version: int, *, organisation: int, now: datetime, actor: str) -> Relabelling:
    """Begins to read history with a version of the taxonomy and the model in use; an older run ends. Again is a no-op."""
    model, there = own_weights.in_use(organisation=organisation), newest(organisation=organisation)
    if there is not None and (there.taxonomy_version, there.model_version) == (version, model):
        return there
    Relabelling.objects.filter(organisation_id=organisation, finished_at=None, superseded_at=None).update(superseded_at=now)
    voices = Feedback.objects.filter(organisation_id=organisation, deleted_at=None).exclude(text="")
    last = voices.order_by("-id").values_list("id", flat=True).first()
    job = Relabelling.objects.create(organisation_id=organisation, taxonomy_version=version, model_version=model, until_id=last, n_all=voices.count(), started_at=now)
    record("taxonomy.saved", job.id, {"version": version, "n": job.n_all, "from": None}, organisation=organisation, now=now, actor=actor)
    return job


def newest(*, organisation: int) -> Relabelling | None:
    """The run to look at."""
    return Relabelling.objects.filter(organisation_id=organisation).order_by("-started_at", "-id").first()


def step(job_id: uuid.UUID, asked_from: str | None, *, organisation: int, now: datetime) -> None:
    """Reads one slice and asks for the next; a step that was taken already, or of a run that ended, does nothing."""
    taxonomies.hold(organisation=organisation)
    job = Relabelling.objects.select_for_update().filter(organisation_id=organisation, id=job_id).first()
    here = str(job.last_id) if job and job.last_id else None
    if job is None or job.finished_at is not None or job.superseded_at is not None or here != asked_from:
        return
    rows = Feedback.objects.filter(organisation_id=organisation, deleted_at=None, id__lte=job.until_id).exclude(text="") if job.until_id else Feedback.objects.none()
    if job.last_id:
        rows = rows.filter(id__gt=job.last_id)
    part = list(rows.order_by("id").values_list("id", "text")[:SLICE])
    if not part:
        job.finished_at = now
        job.save(update_fields=["finished_at"])
        data = {"version": job.taxonomy_version, "n": job.n_seen, "n_changed": job.n_changed}
        record("taxonomy.relabelled", job.id, data, organisation=organisation, now=now)
        return
    job.n_changed += _read(part, organisation=organisation, now=now)
    job.n_seen += len(part)
    job.last_id = part[-1][0]
    job.save(update_fields=["n_changed", "n_seen", "last_id"])
    failpoints.reach("relabelling.before_commit")
    record("relabelling.continued", job.id, {"from": str(job.last_id)}, organisation=organisation, now=now)


def _read(part: list[tuple[uuid.UUID, str]], *, organisation: int, now: datetime) -> int:
    """Writes a new analysis for the voices whose labels differ; the others keep the row they have. Gives how many."""
    texts = list(dict.fromkeys(text for _, text in part))
    meaning = dict(zip(texts, analysis.understand(texts, organisation=organisation), strict=True))
    rows = Analysis.objects.filter(organisation_id=organisation, feedback_id__in=[key for key, _ in part]).exclude(engine__endswith=PERSON)
    rows = rows.exclude(engine__endswith=PROVIDER)  # the engine's own words are compared; a provider's row falls with a new one
    last = {row.feedback_id: analysis.labels_of(row) for row in rows.order_by("analysed_at", "id")}
    changed = [(key, meaning[text]) for key, text in part if key in last and last[key] != analysis.labels_of(meaning[text])]
    analysis.write(changed, organisation=organisation, now=now)
    return len(changed)
