"""Asking somebody who was there whether an accomplishment is so, by mail and without an account.

Every function locks the row of the person whose accomplishment it is before it reads what stands: two answers
at once, or an answer and a change of the words, come one after the other.
"""

import uuid
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import connection, transaction

from accounts import mails, search
from accounts.models import Accomplishment, Confirmation, User
from accounts.services import words_changed
from accounts.tokens import digest_of, new_token
from mentoring.outbox.models import Mail
from mentoring.outbox.services import withdraw as withdraw_mails

TOKEN_BYTES = 32
OPEN_FOR = timedelta(days=30)
DAY = timedelta(days=1)
ASKS_A_DAY = 5  # by one person
ASKED_A_DAY = 3  # one address, by anybody

State = Confirmation.State


class ConfirmationError(Exception):
    """Why somebody cannot be asked, or an answer not taken, in words fit to show."""


@transaction.atomic
def ask(*, accomplishment_id: int, by: User, name: str, email: str, now: datetime) -> Confirmation:
    """Send somebody a link with which to confirm, correct or decline within 30 days, once.

    Takes the place of a question that was not confirmed.
    """
    accomplishment = locked(by.pk, accomplishment_id)
    address = email.strip().lower()
    if _mailbox(address) in {_mailbox(own) for own in (by.email.lower(), *_own_addresses(by))}:
        raise ConfirmationError("This is your own address. Ask somebody else who was there.")
    before = Confirmation.objects.filter(accomplishment=accomplishment).first()
    _check_may_follow(before, address, now)
    _check_not_too_often(by, address, now)
    if before:
        before.delete()
    token = new_token()
    confirmation = Confirmation.objects.create(
        accomplishment=accomplishment,
        name=name,
        email=address,
        token_digest=digest_of(token),
        asked_at=now,
        expires_at=now + OPEN_FOR,
    )
    mails.confirmation_asked(confirmation, by, token, now)
    return confirmation


@transaction.atomic
def withdraw(*, accomplishment_id: int, by: User) -> None:
    """Take a question back, or a confirmation off the profile; its link leads nowhere from then on."""
    confirmation = Confirmation.objects.filter(accomplishment=locked(by.pk, accomplishment_id)).first()
    if confirmation is None or confirmation.state not in (State.WAITING, State.CONFIRMED):
        raise ConfirmationError("There is nothing to take back any more.")
    _remove(confirmation)


def open_at(token: str, now: datetime) -> Confirmation | None:
    """The question of this token while it waits for an answer. The same work whatever is asked for."""
    waiting = Confirmation.objects.filter(
        token_digest=digest_of(token),
        state=State.WAITING,
        expires_at__gt=now,
        accomplishment__person__is_active=True,
    )
    return waiting.select_related("accomplishment__person").first()


@transaction.atomic
def answer(*, token: str, state: str, what: str = "", how: str = "", now: datetime) -> Confirmation:
    """Confirm, correct or decline; a correction says in `what` and `how` how it was."""
    found = open_at(token, now)
    if found is None:
        raise ConfirmationError("This link is not open any more.")
    lock(found.accomplishment.person_id)
    confirmation = open_at(token, now)
    if confirmation is None:
        raise ConfirmationError("This link is not open any more.")
    if state == State.CORRECTED:
        told = confirmation.accomplishment
        what, how = what.strip() or told.what, how.strip() or told.how
        if (_plain(what), _plain(how)) == (_plain(told.what), _plain(told.how)):
            raise ConfirmationError("These are the words as they stand. Change them, or confirm them.")
        confirmation.what, confirmation.how = what, how
    confirmation.state, confirmation.answered_at = State(state), now
    confirmation.save(update_fields=["state", "what", "how", "answered_at"])
    withdraw_mails([mails.about(confirmation)])
    mails.confirmation_answered(confirmation, now)
    return confirmation


@transaction.atomic
def accept_correction(*, accomplishment_id: int, by: User) -> Confirmation:
    """The accomplishment is told in the other's words from now on, and confirmed with them."""
    accomplishment, confirmation = _corrected(by, accomplishment_id)
    accomplishment.what, accomplishment.how = confirmation.what, confirmation.how
    accomplishment.save(update_fields=["what", "how"])
    search.refresh([by.pk])
    words_changed()
    _close(confirmation, State.CONFIRMED)
    return confirmation


@transaction.atomic
def refuse_correction(*, accomplishment_id: int, by: User) -> Confirmation:
    """The words stay as they are, and are not confirmed."""
    _, confirmation = _corrected(by, accomplishment_id)
    _close(confirmation, State.DECLINED)
    return confirmation


def forget(accomplishment: Accomplishment) -> bool:
    """What was asked or confirmed of other words than now stand. Whether there was anything. In the caller's
    transaction, which has locked the person."""
    confirmation = Confirmation.objects.filter(accomplishment=accomplishment).first()
    if confirmation is None:
        return False
    _remove(confirmation)
    return True


def is_unconfirmed(confirmation: Confirmation, now: datetime) -> bool:
    """Declined, or asked in vain: the two are told alike."""
    is_late = confirmation.state == State.WAITING and confirmation.expires_at <= now
    return is_late or confirmation.state == State.DECLINED


def _check_may_follow(before: Confirmation | None, address: str, now: datetime) -> None:
    if before is None:
        return
    if not is_unconfirmed(before, now):
        raise ConfirmationError("Somebody has been asked about this already.")
    if before.email == address:
        raise ConfirmationError("This address has been asked about this already. Ask somebody else.")


def _check_not_too_often(by: User, address: str, now: datetime) -> None:
    # Counted by the mails, which stay when a question is taken back.
    asked = Mail.objects.filter(kind="confirmation_asked", created_at__gt=now - DAY)
    if asked.filter(about__startswith=mails.about_person(by.pk)).count() >= ASKS_A_DAY:
        raise ConfirmationError(f"You have asked {ASKS_A_DAY} times today. Give it until tomorrow.")
    with connection.cursor() as cursor:  # two who ask the same address at once
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"confirm:{address}"])
    if asked.filter(key__startswith=mails.key_of_address(address)).count() >= ASKED_A_DAY:
        raise ConfirmationError("This address cannot be asked again today. Give it until tomorrow.")


def _mailbox(address: str) -> str:
    """The address without what many servers let one put behind a plus: me+boss@example.org is me."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _own_addresses(person: User) -> set[str]:
    emails = EmailAddress.objects.filter(user=person).values_list("email", flat=True)
    return {email.lower() for email in emails}


def _corrected(by: User, accomplishment_id: int) -> tuple[Accomplishment, Confirmation]:
    accomplishment = locked(by.pk, accomplishment_id)
    corrected = Confirmation.objects.filter(accomplishment=accomplishment, state=State.CORRECTED)
    confirmation = corrected.first()
    if confirmation is None:
        raise ConfirmationError("There is no correction that waits for your answer.")
    return accomplishment, confirmation


def _close(confirmation: Confirmation, state: State) -> None:
    confirmation.state, confirmation.what, confirmation.how = state, "", ""
    confirmation.save(update_fields=["state", "what", "how"])


def _remove(confirmation: Confirmation) -> None:
    withdraw_mails([mails.about(confirmation)])
    confirmation.delete()


def _plain(words: str) -> str:
    return " ".join(words.split())


def locked(person_id: uuid.UUID, accomplishment_id: int) -> Accomplishment:
    """The person's own accomplishment, with the person's row locked."""
    lock(person_id)
    return Accomplishment.objects.get(pk=accomplishment_id, person=person_id)


def lock(person_id: uuid.UUID) -> None:
    User.objects.select_for_update(no_key=True).get(pk=person_id)
