"""Stub."""
from django.http import Http404, HttpRequest, HttpResponse
from web.door import Visit, needs

@needs("complaints:read")
def case(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Not yet."""
    raise Http404

@needs("complaints:write")
def moves(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Not yet."""
    raise Http404
