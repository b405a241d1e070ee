"""A real SMTP server for a test: a handler of aiosmtpd's on a free port, and the settings of this process pointing at it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Box:
    """Takes every letter: (whom to, the letter), one entry a recipient; `answer` is what it says to each."""

    def __init__(self, answer: str = "250 taken") -> None:
        self.answer = answer
        self.mails: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter = message_from_bytes(envelope.content, policy=default)
        self.mails += [(to, letter) for to in envelope.rcpt_tos]
        return self.answer

    def to(self, address: str) -> list[EmailMessage]:
        """The letters to one person, in order."""
        return [letter for to, letter in self.mails if to == address]


@contextmanager
def posting(settings: Any, handler: Any) -> Iterator[Any]:
    """Runs the handler's server and points this process at it; yields the handler."""
    host = "127.0.0.1"
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    server = Controller(handler, hostname=host, port=port)
    server.start()
    settings.SMTP_URL = f"smtp://{host}:{port}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    try:
        yield handler
    finally:
        server.stop()
