"""The organisation's taxonomy in its versions: what is in force, what a change would re-label, keeping a new version.

Called by the analysis of every batch, the editor and the corrections. The tree itself is `feedback.tree`'s, pure.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cxms.lib.text import is_storable
from feedback import keywords, rereading, topics, tree
from feedback.models import Analysis, Feedback, Taxonomy
from feedback.tree import Node, TreeError
from tenancy import audit
from tenancy.models import Touchpoint
from tenancy.versions import Stale

FOLDER = Path(__file__).parent / "taxonomies"
SAMPLE = 500
MOST_EXAMPLES = 5
# sentences a node keeps for who codes
MOST_SENTENCES, MOST_SENTENCE = 10, 200
# who analyses shares it until his transaction ends, who saves a version has it alone: no voice is labelled by a tree that
# was replaced while it was read and committed after history was read past it
LOCK = "select pg_advisory_xact_lock{shared}(1952545132, %s)"
WAIT = "set local lock_timeout = '2s'"
AS_BEFORE = "set local lock_timeout to default"
COUNTS = """
    select c.code, count(*) from feedback_feedback f
    join feedback_analysis a on a.organisation_id = f.organisation_id and a.feedback_id = f.id and a.is_current
    cross join lateral (
        select unnest(a.topic_codes) union all
        select t || '/' from unnest(a.topic_codes) t
        where strpos(t, '/') = 0 and not exists (select 1 from unnest(a.topic_codes) b where starts_with(b, t || '/'))
    ) as c(code)
    where f.organisation_id = %s and f.deleted_at is null and f.local_day >= %s and f.local_day < %s group by c.code
"""


@dataclass(frozen=True)
class Held:
    """A version and its nodes; version 0 is a taxonomy of topics alone."""

    version: int
    nodes: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Effect:
    """What a tree would re-label among the newest voices: n of n_all, codes with gains and losses, examples (voice, gained, lost)."""

    n_all: int
    n_changed: int
    gained: dict[str, int]
    lost: dict[str, int]
    examples: list[tuple[Feedback, list[str], list[str]]]


def current(*, organisation: int) -> Held:
    """What is in force. One statement."""
    row = Taxonomy.objects.filter(organisation_id=organisation).order_by("-version").first()
    return Held(row.version, tree.read(row.nodes)) if row else Held(0)


def hold(*, organisation: int) -> None:
    """Keeps the taxonomy as it is until the transaction ends. Taken before any row: who saves a version takes rows after it."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK.format(shared="_shared"), [organisation])


def alone(*, organisation: int) -> None:
    """Waits until nobody reads by the taxonomy, and keeps it until the transaction ends. Raises TreeError when that takes long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WAIT)
            cursor.execute(LOCK.format(shared=""), [organisation])
            cursor.execute(AS_BEFORE)
    except OperationalError as error:
        raise TreeError(_("正在读一大批声音，请过一会儿再试"), code="busy") from error


def checked_words(given: Sequence[str]) -> tuple[str, ...]:
    """Words once each, folded as texts are. Raises TopicError."""
    return tuple(topics.clean_keywords(given))


def drawn(
    held: Held, was: str, *, parent: str, name: str, words: Sequence[str], examples: Sequence[str], touchpoint: str, into: str, is_retired: bool,
) -> Node:  # fmt: skip
    """A node as the editor or a key asks for it, in place of that of the code `was`, or new. Raises TopicError for its words."""
    sentences = dict.fromkeys(" ".join(line.split())[:MOST_SENTENCE] for line in examples if line.strip())
    before = next((node for node in held.nodes if node.code == was), Node("", ""))
    return replace(
        before, code=code_for(held, was, parent), name=name, words=checked_words(words), examples=tuple(sentences)[:MOST_SENTENCES],
        touchpoint=touchpoint, into=into, is_retired=is_retired,
    )  # fmt: skip


def code_for(held: Held, was: str, parent: str) -> str:
    """The code of a node below `parent`: its own last part, or a new one that no version had."""
    return f"{parent}/{was.rpartition('/')[2] if was else f'n{held.version + 1}'}"


def put(wanted: Node, *, was: str, organisation: int, version: int, now: datetime, actor: str) -> Taxonomy:
    """Keeps a new version with one node new or in place of `was`. version: the one the form was opened on.

    Raises TreeError, Stale. The caller starts the re-labelling of history.
    """
    if any(not is_storable(text) for text in (wanted.name, *wanted.examples)):
        raise TreeError(_("有不能保存的字符"), code="bad_text", field="name")
    if wanted.touchpoint and not Touchpoint.objects.filter(organisation_id=organisation, code=wanted.touchpoint).exists():
        raise TreeError(_("没有这个触点"), code="unknown_touchpoint", field="touchpoint")
    held = current(organisation=organisation)
    _fresh(held.version, version)
    return save(tree.put(held.nodes, wanted, was=was, topics=topics.LABELS), "node.changed", wanted.code, organisation=organisation, version=version, now=now, actor=actor)


def save(nodes: Sequence[Node], action: str, subject: str, *, organisation: int, version: int, now: datetime, actor: str) -> Taxonomy:
    """Keeps a whole tree as the next version; the same tree again is no new one. Raises Stale, TreeError while many voices are read."""
    alone(organisation=organisation)
    there = Taxonomy.objects.select_for_update().filter(organisation_id=organisation).order_by("-version").first()
    number = there.version if there else 0
    _fresh(number, version)
    kept = [node.kept() for node in nodes]
    if there is not None and tree.read(there.nodes) == list(nodes):
        return there
    row = Taxonomy.objects.create(organisation_id=organisation, version=number + 1, nodes=kept, saved_at=now, saved_by=actor)
    audit.note(f"taxonomy.{action}", subject, organisation=organisation, actor=actor, now=now, detail={"version": row.version, "n": len(kept)})
    return row


def _fresh(present: int, version: int) -> None:
    if present != version:
        raise Stale(_("你打开这一页以后，有人改过它。你写的都还在，请对照现在的内容，再存一次。"), field="version")


def effect(nodes: Sequence[Node], *, organisation: int, most: int = SAMPLE) -> Effect:
    """What a tree would say of the newest voices, beside what they are labelled now. Writes nothing."""
    rows = list(Feedback.objects.filter(organisation_id=organisation, deleted_at=None).exclude(text="").order_by("-occurred_at", "-id")[:most])
    own = rereading.last_read([row.id for row in rows], organisation=organisation)
    known = [row for row in rows if row.id in own]
    found = rereading.again([(row.text, own[row.id]) for row in known], nodes, organisation=organisation)
    shown = {a.feedback_id: a for a in Analysis.objects.filter(organisation_id=organisation, feedback_id__in=[row.id for row in rows], is_current=True)}
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    examples, n = [], 0
    for row, said in zip(known, found, strict=True):
        made = shown.get(row.id)
        if made is None or "topics" in made.corrected:
            continue  # not yet read, or a person has said
        was, present = set(made.topic_codes), set(tree.codes_of(said))
        if present not in (was, set(own[row.id].topic_codes)):  # where the engine's own row stays, a provider's over it does too
            n += 1
            gained.update(present - was)
            lost.update(was - present)
            examples.append((row, sorted(present - was), sorted(was - present)))
    return Effect(len(rows), n, dict(gained), dict(lost), examples[:MOST_EXAMPLES])


def counts(*, organisation: int, from_date: date, to_date: date) -> dict[str, int]:
    """How many voices of local days carry each code; “waiting_time/” counts those of a topic that are on none of its nodes."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [organisation, from_date, to_date])
        return {str(code): int(n) for code, n in cursor.fetchall()}


# ---- what an industry begins with ----------------------------------------------------------------------------------


@cache
def _shipped(industry: str) -> list[dict[str, Any]]:
    path = FOLDER / f"{industry}.toml"
    return list(tomllib.loads(path.read_text("utf-8"))["nodes"]) if industry.isidentifier() and path.exists() else []


def industries() -> list[str]:
    """The industries that have a taxonomy to begin with."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def with_industry(nodes: Sequence[Node], industry: str) -> list[Node]:
    """The tree with the nodes of an industry that it has not yet, named in the active language. Raises TreeError."""
    rows = _shipped(industry)
    if not rows:
        raise TreeError(_("没有这个行业"), code="unknown_industry", field="industry")
    found = list(nodes)
    names = {(node.parent, node.name) for node in nodes} | {("", node.code) for node in nodes} | {("", code) for node in nodes for code in node.was}
    for code, chinese, english, words in rows:
        name = english if (get_language() or "").startswith("en") else keywords.in_script(chinese, get_language() or "")
        node = Node(code, name, tuple(dict.fromkeys(keywords.folded(word) for word in words.split())))
        if ("", code) not in names and (node.parent, name) not in names:
            found = tree.put(found, node, was="", topics=topics.LABELS)
    return found
