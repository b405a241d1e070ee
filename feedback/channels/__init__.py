"""Doors whose payloads have a shape of their own: files and mail. Whatever they parse ends in `feedback.intake.receive`."""
