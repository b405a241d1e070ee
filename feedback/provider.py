"""The language-model provider of an organisation: set up, tried, switched on with a typed confirmation, switched off.

Off by default; the house understands every voice without it. Only masked words leave (`feedback.masking`), no ids, no
names, no channel. Called by the settings page; asking itself is `feedback.provider_asking`'s.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from cxms.lib import refusals, safe_http, sealing
from cxms.lib.errors import DomainError
from cxms.lib.safe_http import Resolver, Unreachable, Unsafe
from cxms.lib.sealing import SealBroken
from cxms.lib.text import is_storable
from feedback import provider_client, provider_labels, taxonomies, topics
from feedback.enums import AskState, AskWhich
from feedback.provider_client import Account
from feedback.provider_labels import Labels
from feedback.provider_models import LanguageModel, ProviderQuestion
from tenancy import audit, versions
from tenancy.models import Organisation

SHIPPED = 200
MOST_DAILY = 100_000
TRY_SECONDS = 10.0
TRIED = "排队等了半个小时，前台还爱理不理，希望多开一个窗口。"


class ProviderError(DomainError):
    """The provider cannot be set up as asked."""


@dataclass(frozen=True)
class Wanted:
    """The form. key: empty keeps the sealed one; confirmed: the host of the address, typed once more."""

    base_url: str
    model: str
    key: str
    which: str
    daily_limit: str
    confirmed: str = ""


@dataclass(frozen=True)
class Tried:
    """What came of the try-it button: the labels, or why not (`problem`); always how long it took."""

    labels: Labels | None
    problem: str
    milliseconds: int


def current(*, organisation: int) -> LanguageModel:
    """What is set; unsaved, off, with version 0, while nobody set anything."""
    found = LanguageModel.objects.filter(organisation_id=organisation).first()
    return found or LanguageModel(organisation_id=organisation, daily_limit=SHIPPED, version=0)


def host_of(base_url: str) -> str:
    """The host that voices would go to, as a person types it."""
    return urlsplit(base_url).hostname or ""


def save(
    wanted: Wanted, *, switch_on: bool, organisation: int, version: int, now: datetime, actor: str, resolver: Resolver = safe_http.system_resolver
) -> LanguageModel:
    """Keeps the settings; `switch_on` begins to ask. Raises ProviderError, Stale.

    Whoever switches it on, or sends voices to another host, types that host. A sealed key never goes to a host it was not
    given for: another host needs its key typed.
    """
    clean = _checked(wanted, resolver)
    Organisation.objects.select_for_update().get(id=organisation)
    row = _locked(organisation) or current(organisation=organisation)
    versions.check(row, version)
    was_on, before = row.is_on, host_of(row.base_url)
    moved = host_of(clean.base_url) != before
    if moved and bytes(row.key) and not clean.key:
        raise ProviderError(_("换了地址，要重新填密钥"), code="key_needed", field="key")
    if switch_on and (not was_on or moved) and clean.confirmed.lower() != host_of(clean.base_url):
        raise ProviderError(_("照着写一遍接收声音的主机名，才能打开"), code="not_confirmed", field="confirmed")
    row.base_url, row.model, row.which, row.daily_limit = clean.base_url, clean.model, clean.which, int(clean.daily_limit)
    if clean.key:
        row.key = sealing.seal(clean.key.encode(), place=_place(row))
    if was_on and not switch_on:
        _stop(row, now)
    row.is_on, row.n_failures, row.error = switch_on, 0, ""
    row.next_at = now if switch_on else None
    row.round += 1
    row.version += 1
    row.save()
    action = "changed" if was_on == switch_on else ("switched_on" if switch_on else "switched_off")
    _note(row, action, organisation=organisation, now=now, actor=actor)
    return row


def switch_off(*, organisation: int, now: datetime, actor: str) -> int:
    """Sends nothing more from now on and drops what waits; gives how many. Off already is a no-op. Takes no version: whoever
    wants it off means it, whatever else was changed meanwhile."""
    row = _locked(organisation)
    if row is None or not row.is_on:
        return 0
    n = _stop(row, now)
    row.is_on, row.next_at = False, None
    row.round += 1
    row.version += 1
    row.save()
    _note(row, "switched_off", organisation=organisation, now=now, actor=actor)
    return n


def account_of(row: LanguageModel) -> Account:
    """Where to ask, the key opened; None for a key that none of our secrets opens."""
    if not bytes(row.key):
        return Account(row.base_url, row.model, "")
    try:
        return Account(row.base_url, row.model, sealing.unseal(bytes(row.key), place=_place(row)).decode())
    except SealBroken:
        return Account(row.base_url, row.model, None)


def names(*, organisation: int) -> dict[str, str]:
    """The topic codes a provider may choose, with the names the organisation gave them; retired nodes are not offered."""
    retired = {node.code for node in taxonomies.current(organisation=organisation).nodes if node.is_retired}
    return {code: name for code, name in topics.all_names(organisation=organisation).items() if code not in retired}


def try_it(account: Account, offered: dict[str, str]) -> Tried:
    """Asks about one invented sentence, as a voice would be asked about. Needs no transaction; nothing is kept."""
    reply = provider_client.ask(account, provider_labels.conversation(TRIED, offered), seconds=TRY_SECONDS)
    if reply.failure or reply.refusal:
        return Tried(None, reply.failure or reply.refusal, reply.milliseconds)
    try:
        return Tried(provider_labels.read(reply.content, frozenset(offered)), "", reply.milliseconds)
    except provider_labels.AnswerRefused as error:
        return Tried(None, error.code, reply.milliseconds)


def _locked(organisation: int) -> LanguageModel | None:
    return LanguageModel.objects.select_for_update().filter(organisation_id=organisation).first()


def _stop(row: LanguageModel, now: datetime) -> int:
    waiting = ProviderQuestion.objects.filter(organisation_id=row.organisation_id, state=AskState.WAITING)
    return waiting.update(state=AskState.DROPPED, reason="switched_off", settled_at=now)


def _note(row: LanguageModel, action: str, *, organisation: int, now: datetime, actor: str) -> None:
    detail = {"model": row.model, "which": row.which, "daily_limit": row.daily_limit, "version": row.version}
    audit.note(f"language_model.{action}", host_of(row.base_url), organisation=organisation, actor=actor, now=now, detail=detail)


def _place(row: LanguageModel) -> str:
    return f"{row.organisation_id}|feedback_languagemodel|{row.id}"


def _checked(wanted: Wanted, resolver: Resolver) -> Wanted:
    url, limit = wanted.base_url.strip().rstrip("/"), wanted.daily_limit.strip()
    if not wanted.model.strip() or not all(map(is_storable, (url, wanted.model, wanted.key))):
        raise ProviderError(_("请写模型名称"), code="missing", field="model")
    if len(url) > 300 or len(wanted.model) > 120 or len(wanted.key) > 400:
        raise ProviderError(_("太长了"), code="too_long", field="base_url")
    if not wanted.key.isascii() or not wanted.key.isprintable() or " " in wanted.key:
        raise ProviderError(_("密钥里有不该有的字符"), code="bad_key", field="key")
    if wanted.which not in AskWhich.values:
        raise ProviderError(_("没有这种选择"), code="bad_choice", field="which")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 7 and 1 <= int(limit) <= MOST_DAILY):
        raise ProviderError(_("写 1 至 %(most)d 之间的整数") % {"most": MOST_DAILY}, code="out_of_range", field="daily_limit")
    if "?" in url:
        raise ProviderError(_("地址里不要带问号后面的参数"), code="bad_url", field="base_url")
    try:
        safe_http.check(url, resolver=resolver, allow=provider_client.allowed())
    except (Unsafe, Unreachable) as error:
        raise ProviderError(refusals.in_words(error.code), code=error.code, field="base_url") from error
    return Wanted(url, wanted.model.strip(), wanted.key, wanted.which, limit, wanted.confirmed.strip())
