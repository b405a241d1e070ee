"""Asking the language-model provider about voices: picked within the day's budget, asked in small batches, checked, laid over.

⋯ `feedback.analysed` → `pick` keeps a question per voice. Timer → `ask` ⋯ `language_model.due` → `ProviderFollower`: the
voices are masked in scope, the provider is asked with no transaction open, one conversation each, and the answers are kept in
one transaction ⋯ `feedback.relabelled` for each voice that reads otherwise now. Nothing waits for any of this: the engine's
own labels stand until a good answer comes, and stay where none does.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cxms.lib import dispatch
from feedback import analysis, masking, provider, provider_client, provider_labels, rereading, taxonomies, tree, voices
from feedback.enums import AskState, AskWhich
from feedback.models import Analysis, Feedback
from feedback.provider_client import Account, Reply
from feedback.provider_labels import AnswerRefused
from feedback.provider_models import LanguageModel, ProviderQuestion
from feedback.rereading import PROVIDER
from ledger.facts import record
from ledger.models import Fact
from tenancy import queries as tenancy
from tenancy.scope import organisation_scope

BATCH = 5
BATCH_SECONDS = 20.0
SLICE = 200
MOST_ATTEMPTS = 5
# a batch that nobody settled is lost, and the voices are asked about again
LOST = timedelta(minutes=5)
LATEST = timedelta(hours=24)
PAUSE_SECONDS, MOST_PAUSE_SECONDS = 30.0, 3600.0
DUE = "select organisation_id from feedback_languagemodel where is_on and next_at <= clock_timestamp()"


@dataclass(frozen=True)
class Batch:
    """What perform needs: the voices by question, masked, and the topics that may be chosen."""

    organisation: int
    round: int
    account: Account
    names: dict[str, str]
    voices: tuple[tuple[uuid.UUID, str], ...]


# ---- which voices ---------------------------------------------------------------------------------------------------


def is_on(*, organisation: int) -> bool:
    """Whether the provider is asked at all."""
    return LanguageModel.objects.filter(organisation_id=organisation, is_on=True).exists()


def pick(first: str, last: str, *, organisation: int, now: datetime) -> int:
    """Keeps a question for the voices first..last that the provider is to be asked about. Idempotent; gives how many.

    The settings row is locked, so that two workers count the day's budget one after the other.
    """
    if not is_on(organisation=organisation):
        return 0
    taxonomies.hold(organisation=organisation)
    row = LanguageModel.objects.select_for_update().get(organisation_id=organisation)
    day = tenancy.local_today(now, tenancy.organisation(organisation).timezone)
    left = row.daily_limit - ProviderQuestion.objects.filter(organisation_id=organisation, picked_day=day).count()
    if not row.is_on or left <= 0:
        return 0
    wanted: list[ProviderQuestion] = []
    for key, engine in _candidates(first, last, row.which, organisation):
        if len(wanted) == left:
            break
        wanted.append(ProviderQuestion(organisation_id=organisation, feedback_id=key, engine=engine, picked_day=day, picked_at=now))
    if wanted:
        ProviderQuestion.objects.bulk_create(wanted)
        row.next_at = row.next_at or now
        row.save(update_fields=["next_at"])
    return len(wanted)


def _candidates(first: str, last: str, which: str, organisation: int) -> Iterator[tuple[uuid.UUID, str]]:
    """The voices of the range that were not asked about under their engine, oldest first, with that engine."""
    voices = Feedback.objects.filter(organisation_id=organisation, deleted_at=None, id__range=(first, last)).exclude(text="")
    pairs = list(voices.order_by("id").values_list("id", "text"))
    for at in range(0, len(pairs), SLICE):
        part = [(key, text) for key, text in pairs[at : at + SLICE] if text.strip()]
        engines = {key: row.engine for key, row in rereading.last_read([key for key, _ in part], organisation=organisation).items()}
        done = ProviderQuestion.objects.filter(organisation_id=organisation, feedback_id__in=list(engines)).values_list("feedback_id", "engine")
        asked = set(done)
        part = [(key, text) for key, text in part if key in engines and (key, engines[key]) not in asked]
        if which == AskWhich.UNSURE:
            found = analysis.understand([text for _, text in part], organisation=organisation)
            part = [pair for pair, said in zip(part, found, strict=True) if said.vague]
        yield from ((key, engines[key]) for key, _ in part)


# ---- when -----------------------------------------------------------------------------------------------------------


def due_organisations() -> list[int]:
    """Whose provider is to be asked. Runs as the dispatcher."""
    return [int(row[0]) for row in dispatch.rows(DUE)]


def ask(*, organisation: int, now: datetime) -> int:
    """Sends the follower with the next batch; one is under way at a time. Gives how many voices are in it."""
    rows = LanguageModel.objects.select_for_update(skip_locked=True)
    row = rows.filter(organisation_id=organisation, is_on=True, next_at__lte=now).first()
    if row is None:
        return 0
    waiting = ProviderQuestion.objects.filter(organisation_id=organisation, state=AskState.WAITING)
    waiting.filter(picked_at__lt=now - LATEST).update(state=AskState.GIVEN_UP, reason="too_late", settled_at=now)
    batch = list(waiting.order_by("n_attempts", "id").values_list("id", flat=True)[:BATCH])
    row.next_at = now + LOST if batch else None
    row.round += 1
    row.save(update_fields=["next_at", "round"])
    if batch:
        data = {"round": row.round, "questions": [str(key) for key in batch]}
        record("language_model.due", row.id, data, organisation=organisation, now=now)
    return len(batch)


def _is_on(organisation: int, number: int) -> bool:
    with organisation_scope(organisation):
        return LanguageModel.objects.filter(organisation_id=organisation, is_on=True, round=number).exists()


class ProviderFollower:
    """The three steps of asking about a batch."""

    def prepare(self, *, organisation: int, fact: Fact, now: datetime) -> Batch | None:
        """The batch, masked; None when it was switched off or a newer batch is under way."""
        number = fact.data["round"]
        row = LanguageModel.objects.filter(organisation_id=organisation, is_on=True, round=number).first()
        if row is None:
            return None
        asked = ProviderQuestion.objects.filter(organisation_id=organisation, id__in=fact.data["questions"], state=AskState.WAITING)
        keys = dict(asked.order_by("id").values_list("id", "feedback_id"))
        living = Feedback.objects.filter(organisation_id=organisation, id__in=keys.values(), deleted_at=None)
        # looked for anew by the rules of now, not read from the analysis: it may be older than they are
        told = living.values_list("id", "text", "customer__name", "staff__name")
        texts = {voice: masking.hidden_throughout(text, [name for name in names if name]) for voice, text, *names in told}
        voices = tuple((key, texts[voice]) for key, voice in keys.items() if voice in texts)
        return Batch(organisation, number, provider.account_of(row), provider.names(organisation=organisation), voices)

    def perform(self, message: Batch) -> dict[uuid.UUID, Reply]:
        """The answers, by question. Before each voice the switch is looked at; the first failure, or a slow provider, ends
        the batch: a worker has other things to do."""
        found: dict[uuid.UUID, Reply] = {}
        ends = time.monotonic() + BATCH_SECONDS
        for key, masked in message.voices:
            if time.monotonic() > ends or not _is_on(message.organisation, message.round):
                break
            found[key] = provider_client.ask(message.account, provider_labels.conversation(masked, message.names))
            if found[key].failure:
                break
        return found

    def settle(self, *, organisation: int, fact: Fact, message: Batch, result: dict[uuid.UUID, Reply], now: datetime) -> None:
        """Keeps what came of the batch, and says when to ask next."""
        taxonomies.hold(organisation=organisation)
        row = LanguageModel.objects.select_for_update().get(organisation_id=organisation)
        if not row.is_on or row.round != message.round:
            return
        asked = ProviderQuestion.objects.filter(organisation_id=organisation, id__in=fact.data["questions"], state=AskState.WAITING)
        codes = frozenset(provider.names(organisation=organisation))
        for question in asked.order_by("id"):
            if question.id in result:
                _keep(question, result[question.id], codes, organisation, now)
            elif all(key != question.id for key, _ in message.voices):
                _settle(question, AskState.DROPPED, "gone", now)
        _next(row, list(result.values()), now)


# ---- what came of it ------------------------------------------------------------------------------------------------


def _next(row: LanguageModel, replies: list[Reply], now: datetime) -> None:
    failure = next((reply.failure for reply in replies if reply.failure), "")
    if any(not reply.failure for reply in replies):
        row.answered_at, row.n_failures, row.error = now, 0, ""
    pause = 0.0
    if failure:
        row.n_failures, row.error, row.failed_at = row.n_failures + 1, failure, now
        pause = min(MOST_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** min(row.n_failures - 1, 10))
    row.next_at = now + timedelta(seconds=pause)
    row.save()


def _settle(question: ProviderQuestion, state: str, reason: str, now: datetime) -> None:
    question.state, question.reason = state, reason
    question.settled_at = None if state == AskState.WAITING else now
    question.save()


def _keep(question: ProviderQuestion, reply: Reply, codes: frozenset[str], organisation: int, now: datetime) -> None:
    question.n_attempts += 1
    if reply.failure:
        state = AskState.GIVEN_UP if question.n_attempts >= MOST_ATTEMPTS else AskState.WAITING
        _settle(question, state, reply.failure, now)
    elif reply.refusal:
        _settle(question, AskState.REFUSED, reply.refusal, now)
    else:
        try:
            labels = provider_labels.read(reply.content, codes)
        except AnswerRefused as error:
            _settle(question, AskState.REFUSED, error.code, now)
        else:
            _settle(question, *_lay(question, labels, organisation, now), now)


def _lay(question: ProviderQuestion, labels: provider_labels.Labels, organisation: int, now: datetime) -> tuple[str, str]:
    """Writes the row the answer makes, over the engine's own; not when the voice is gone or its engine is another by now."""
    voices.lock_known([str(question.feedback_id)], organisation=organisation)  # who corrects it now is done, or comes after
    voice = Feedback.objects.filter(organisation_id=organisation, id=question.feedback_id, deleted_at=None).first()
    own = rereading.last_read([question.feedback_id], organisation=organisation).get(question.feedback_id)
    if voice is None or own is None or own.engine != question.engine:
        return AskState.DROPPED, "gone" if voice is None else "newer_engine"
    before = Analysis.objects.filter(organisation_id=organisation, feedback_id=voice.id, is_current=True).first()
    gone = tree.retired(taxonomies.current(organisation=organisation).nodes)
    analysis.write([(voice.id, provider_labels.laid(rereading.stored(own), labels, gone))], organisation=organisation, now=now, engine=own.engine + PROVIDER)
    after = Analysis.objects.filter(organisation_id=organisation, feedback_id=voice.id, is_current=True).first()
    if before is not None and after is not None:
        _announce(before, after, organisation, now)
    return AskState.ANSWERED, ""


def _announce(before: Analysis, after: Analysis, organisation: int, now: datetime) -> None:
    was, present = before.topic_codes, after.topic_codes
    if (was, before.kind, before.sentiment, before.urgency) == (present, after.kind, after.sentiment, after.urgency):
        return
    key = str(after.feedback_id)
    data = {
        "first": key, "last": key, "undone": False,
        "topics_out": [code for code in was if code not in present], "topics_in": [code for code in present if code not in was],
    }  # fmt: skip
    record("feedback.relabelled", key, data, organisation=organisation, now=now)
