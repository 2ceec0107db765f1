from argparse import ArgumentParser

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import User
from mentoring.programs.models import Membership, Program


class Command(BaseCommand):
    help = "Create a program and name its first admin, who must have signed up before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--admin", required=True, metavar="MAIL", help="Mail address of the first admin.")
        parser.add_argument("--slug", default="", help="The program's name in addresses; made from its name.")

    @transaction.atomic
    def handle(self, *args: object, **options: str) -> None:
        admin = User.objects.filter(email__iexact=options["admin"], is_active=True).first()
        if admin is None:
            raise CommandError(f"Nobody has signed up as {options['admin']} yet.")
        program = Program(name=options["name"], slug=options["slug"] or slugify(options["name"]))
        try:
            program.full_clean()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        program.save()
        Membership.objects.create(program=program, person=admin, is_admin=True, joined_at=timezone.now())
        link = settings.SITE_URL + reverse("programs:join", args=[program.join_token])
        self.stdout.write(f"{program.name}: people join at {link}")
