"""A file of a ticket: a download for who may read the ticket. Pictures, redrawn when they came, may be shown in the page."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse

from complaints import attachments
from complaints.models import Attachment
from web.door import Visit, needs
from web.seen import ticket_of


@needs("complaints:read")
def one(request: HttpRequest, visit: Visit, number: str, key: uuid.UUID) -> HttpResponse:
    """One file; `show=1`: a picture for the page itself."""
    row = attachments.one(ticket_of(visit, number), key)
    if row is None:
        raise Http404
    return answer(row, is_shown=request.GET.get("show") == "1")


def answer(row: Attachment, *, is_shown: bool) -> HttpResponse:
    """The bytes, so that no browser runs or guesses anything: a download, or a picture inside a page of ours."""
    headers = attachments.safe_headers(row.name, is_shown=is_shown and row.kind.startswith("image/"))
    return HttpResponse(bytes(row.body), content_type=row.kind, headers=headers)
