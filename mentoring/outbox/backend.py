from collections.abc import Sequence
from email.utils import make_msgid

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from mentoring.outbox.models import USEFUL_FOR, Mail, new_key
from mentoring.outbox.services import wake_dispatcher


class OutboxBackend(BaseEmailBackend):
    """Django's EMAIL_BACKEND: a mail is a row in the caller's transaction, sent later by the dispatcher."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue text mails with at most an HTML alternative. Raises ValueError for anything else."""
        now = timezone.now()
        mails = [self._row(message) for message in email_messages]
        for mail in mails:
            mail.created_at = mail.due_at = now
            mail.send_before = now + USEFUL_FOR
        Mail.objects.bulk_create(mails)
        if mails:
            wake_dispatcher()
        return len(mails)

    def _row(self, message: EmailMessage) -> Mail:
        alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
        html = [str(body) for body, kind in alternatives if kind == "text/html"]
        if message.attachments or len(html) != len(alternatives) or len(html) > 1:
            raise ValueError("The outbox holds text and one HTML alternative.")
        if message.cc or message.bcc or message.reply_to:
            raise ValueError("The outbox holds who a mail is from and whom it is to.")
        return Mail(
            key=new_key(),
            kind="account",
            sender=message.from_email,
            recipients=message.recipients(),
            subject=" ".join(str(message.subject).split()),
            text=str(message.body),
            html=html[0] if html else "",
            headers={"Message-ID": make_msgid(domain="holdfast"), **message.extra_headers},
        )
