"""History read anew: slice by slice in the background, from where it stood, announced by facts.

A changed tree places the topics of history anew and leaves all else as it was read. Kind and feeling are read anew, with the
model in use, only when a person asks for that; such a run that is not through when the tree changes goes on in the next.

A slice is one transaction: its rows, how far it came, and the fact that asks for the next. A worker killed in the middle
rolls all of it back, and another takes the slice again. A newer version supersedes an older run.
"""

import uuid
from datetime import datetime

from cxms.lib import failpoints
from feedback import analysis, corrections, own_weights, rereading, taxonomies, tree, voices
from feedback.enums import Label
from feedback.models import Analysis, Correction, Feedback, Relabelling
from feedback.nlp import Understanding
from feedback.rereading import PROVIDER
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
    """Reads history with the model that is in use now, because a person asked for it; asked twice it is read once. Raises TreeError."""
    taxonomies.alone(organisation=organisation)
    version = taxonomies.current(organisation=organisation).version
    return start(version, is_whole=True, organisation=organisation, now=now, actor=actor)


def start(version: int, *, is_whole: bool = False, organisation: int, now: datetime, actor: str) -> Relabelling:
    """Begins to read history with a version of the taxonomy; an older run ends. is_whole: kind and feeling too, with the model
    in use. A no-op for a tree that history was read by already, and while the same is being read."""
    model, there = own_weights.in_use(organisation=organisation), newest(organisation=organisation)
    is_under_way = there is not None and there.finished_at is None and there.superseded_at is None
    is_same = there is not None and there.taxonomy_version == version and there.superseded_at is None
    if there is not None and is_same and (not is_whole or (is_under_way and there.is_whole and there.model_version == model)):
        return there
    is_whole = is_whole or (is_under_way and there is not None and there.is_whole)
    Relabelling.objects.filter(organisation_id=organisation, finished_at=None, superseded_at=None).update(superseded_at=now)
    voices = Feedback.objects.filter(organisation_id=organisation, deleted_at=None).exclude(text="")
    last = voices.order_by("-id").values_list("id", flat=True).first()
    job = Relabelling.objects.create(organisation_id=organisation, taxonomy_version=version, model_version=model, is_whole=is_whole, until_id=last, n_all=voices.count(), started_at=now)
    record("taxonomy.saved", job.id, {"version": version, "n": job.n_all, "from": None}, organisation=organisation, now=now, actor=actor)
    return job


def newest(*, organisation: int) -> Relabelling | None:
    """The run to look at."""
    return Relabelling.objects.filter(organisation_id=organisation).order_by("-started_at", "-id").first()


def last_model(*, organisation: int) -> int:
    """The version of the own model that the whole of history was last read with; 0 for the shipped one."""
    runs = Relabelling.objects.filter(organisation_id=organisation, is_whole=True).order_by("-started_at", "-id")
    return runs.values_list("model_version", flat=True).first() or 0


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
    job.n_changed += _read(part, is_whole=job.is_whole, organisation=organisation, now=now)
    job.n_seen += len(part)
    job.last_id = part[-1][0]
    job.save(update_fields=["n_changed", "n_seen", "last_id"])
    failpoints.reach("relabelling.before_commit")
    record("relabelling.continued", job.id, {"from": str(job.last_id)}, organisation=organisation, now=now)


def _read(part: list[tuple[uuid.UUID, str]], *, is_whole: bool, organisation: int, now: datetime) -> int:
    """Writes a new analysis for the voices whose labels differ; the others keep the row they have. Gives how many."""
    by, last = analysis.means(organisation=organisation), rereading.last_read([key for key, _ in part], organisation=organisation)
    known = [(key, text) for key, text in part if key in last]
    if is_whole:
        texts = list(dict.fromkeys(text for _, text in known))
        meaning = dict(zip(texts, analysis.understand(texts, organisation=organisation, by=by), strict=True))
        found = [meaning[text] for _, text in known]
    else:
        found = rereading.again([(text, last[key]) for key, text in known], by.taxonomy.nodes, organisation=organisation)
    changed: dict[str, list[tuple[uuid.UUID, Understanding]]] = {}
    for (key, _), said in zip(known, found, strict=True):
        if analysis.labels_of(last[key]) != analysis.labels_of(said):
            engine = by.stamp if is_whole else rereading.stamp(last[key], by.taxonomy.version)
            changed.setdefault(engine, []).append((key, said))
    written = [key for rows in changed.values() for key, _ in rows]
    named = _named([key for key, _ in part], by.taxonomy.nodes, organisation)
    voices.lock_known([str(key) for key in {*written, *named}], organisation=organisation)  # at once, in one order
    for engine, rows in changed.items():
        analysis.write(rows, organisation=organisation, now=now, engine=engine)
    _carry(named, by.taxonomy.nodes, organisation)
    corrections.settle_again([str(key) for key in named.difference(written)], organisation=organisation, now=now)
    return len(written)


def _named(ids: list[uuid.UUID], nodes: list[Node], organisation: int) -> set[uuid.UUID]:
    """The voices of which a person or a provider named nodes: what they said follows the tree, whatever the engine says."""
    rows = Correction.objects.filter(organisation_id=organisation, feedback_id__in=ids, field=Label.TOPICS, undone_at=None)
    found = {key for key, after in rows.values_list("feedback_id", "after") if any(mention.get("nodes") for mention in after)}
    return found | {row.feedback_id for row in _providers(ids, organisation) if tree.carried(row.topics, nodes) != row.topics}


def _carry(ids: set[uuid.UUID], nodes: list[Node], organisation: int) -> None:
    """A provider is not asked again: its rows are named by the tree of now."""
    for row in _providers(list(ids), organisation):
        row.topics = tree.carried(row.topics, nodes)
        row.topic_codes = corrections.codes_of(row.topics)
        row.save(update_fields=["topics", "topic_codes"])


def _providers(ids: list[uuid.UUID], organisation: int) -> list[Analysis]:
    return list(Analysis.objects.filter(organisation_id=organisation, feedback_id__in=ids, engine__endswith=PROVIDER))
