"""Stub."""
from django.http import Http404, HttpRequest, HttpResponse
from web.door import public

@public
def promise(request: HttpRequest, token: str) -> HttpResponse:
    """Not yet."""
    raise Http404
