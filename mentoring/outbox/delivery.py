"""Handing one mail to a mail server or provider, and what its answer means."""

import logging
import smtplib
from dataclasses import dataclass

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from mentoring.outbox.models import Mail

log = logging.getLogger(__name__)

# What a provider answers when it is not this mail's fault: who we are, what we may send, or how much.
NOT_THIS_MAIL = {401, 402, 403, 407, 408, 421, 425, 429}
LONGEST_ERROR = 500


@dataclass(frozen=True)
class Outcome:
    """What became of one try: sent, to be tried again, or failed for good."""

    error: str = ""
    is_final: bool = False


def deliver(mail: Mail, connection: BaseEmailBackend) -> Outcome:
    """Send it over the open connection, which is closed where what it is at is not known any more."""
    message = message_of(mail, connection)
    try:
        if isinstance(connection, AnymailBaseBackend):
            message.message()  # refuses what is no header, of which a provider's client would make two
        if not message.send():
            return Outcome("It is addressed to nobody.", is_final=True)
    except (smtplib.SMTPException, OSError) as error:  # a provider's RequestException is an OSError too
        close(connection)
        return _refusal(error)
    except AnymailError as error:
        return _refusal(error)
    except ValueError as error:  # a bad header, or an address that cannot be written
        return Outcome(_words(error), is_final=True)
    return Outcome()


def message_of(mail: Mail, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        mail.subject, mail.text, mail.sender, mail.recipients, headers=mail.headers, connection=connection
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    if mail.calendar:
        _attach_calendar(message, mail, connection)
    return message


def _attach_calendar(message: EmailMultiAlternatives, mail: Mail, connection: BaseEmailBackend) -> None:
    """An invitation goes as an alternative, from which mail programs offer to accept it, and as a file for
    those that do not; providers' interfaces take the file alone. Several sessions are a file to open."""
    kind = f"text/calendar; method={mail.calendar_method}"
    content = mail.calendar.encode()  # of text Django would make Latin-1
    if mail.calendar_method == "PUBLISH":
        message.attach("sessions.ics", content, f"{kind}; charset=utf-8")
    elif isinstance(connection, AnymailBaseBackend):
        message.attach("invite.ics", content, f"{kind}; charset=utf-8")
    else:
        message.attach_alternative(mail.calendar, kind)
        message.attach("invite.ics", content, "application/ics")


def _refusal(error: Exception) -> Outcome:
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            answers = [f"{code} {_text(answer)}" for code, answer in error.recipients.values()]
            return Outcome("; ".join(answers)[:LONGEST_ERROR], is_final=min(codes, default=0) >= 500)
        case smtplib.SMTPResponseException():
            # A refused sender is the server's or our configuration's trouble, not this mail's.
            is_final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPSenderRefused)
            return Outcome(f"{error.smtp_code} {_text(error.smtp_error)}"[:LONGEST_ERROR], is_final=is_final)
        case AnymailRecipientsRefused():
            return Outcome(_words(error), is_final=True)
        case AnymailAPIError():
            return Outcome(_words(error), is_final=_is_final(error.status_code))
        case AnymailError():  # what this provider cannot carry
            return Outcome(_words(error), is_final=True)
        case smtplib.SMTPNotSupportedError():  # an address beyond ASCII, and a server that takes none
            return Outcome(_words(error), is_final=True)
    return Outcome(_words(error))


def _is_final(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status not in NOT_THIS_MAIL


def _words(error: Exception) -> str:
    """Its first line, without what a provider repeats of the mail itself."""
    first = (str(error).splitlines() or [""])[0]
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{f' {status}' if status else ''}: {first}"[:LONGEST_ERROR]


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)


def open_connection(connection: BaseEmailBackend) -> str:
    """Connect and sign in, unless that is done; returns what went wrong."""
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        close(connection)
        return repr(error)
    return ""


def close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError) as error:
        log.info("closing the mail connection: %r", error)
