from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    reminders: int  # due while workers are killed
    kills: int
    together: int  # reminders due where everything runs twice
    frozen: float  # seconds for which the broker stands still
    outages: int  # of PostgreSQL
    engagements: int  # that end while five sessions of each are due
