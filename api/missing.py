"""What no route serves: the same 404 document as for an unknown object."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.door import Endpoint
from api.problems import not_found


class Missing(Endpoint):
    """Every other path under /api/v1/."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Needs no key: there is nothing to guard."""

    def _answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return not_found()

    get = post = put = patch = delete = _answer
