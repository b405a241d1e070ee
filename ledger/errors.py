"""Why a delivery failed, by name. Followers raise these; the runner stores the name and decides what follows."""


class DeliveryError(Exception):
    """The base: passing trouble, tried again with back-off."""

    failure = "passing"


class Refused(DeliveryError):
    """The far side refused for good: no retry, dead at once."""

    failure = "refused"


class BadSettings(DeliveryError):
    """Our settings are wrong: dead at once, a person must mend them and replay."""

    failure = "settings"
