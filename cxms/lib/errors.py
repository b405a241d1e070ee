"""The base of every error a user can cause. Raised by domain functions, shaped by the doors; knows no framework."""


class DomainError(Exception):
    """A refusal that the caller can act on.

    message: a sentence for the user (already translated or lazily so); code: stable, snake_case, for programs;
    field: the field, row or move it speaks of, or "".
    """

    code = "invalid"

    def __init__(self, message: object, *, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
