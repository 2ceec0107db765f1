"""Writes to a person's profile. Each locks the person's row first, so that two saves never interleave."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from accounts import search
from accounts.models import LearningWish, Offer, PersonSkill, Profile, SpokenLanguage, User
from accounts.week import from_indices
from mentoring.celery import publish_on_commit
from mentoring.outbox.choices import plan_again


def save_basics(
    person: User,
    *,
    name: str,
    zone: str,
    headline: str,
    about: str,
    country: str,
    languages: Iterable[tuple[str, int]],
) -> None:
    """`languages` are (code, fluency), each code once.

    Where the zone is another, reminders and mails that wait are planned anew once it is saved. Should the
    process die between the two, they keep the quiet hours and digest of the zone before: none is lost, and
    each reminder is fitted to the quiet hours once more when it is due.
    """
    was = person.zone
    with transaction.atomic():
        _lock(person)
        person.name, person.zone = name, zone
        person.save(update_fields=["name", "zone"])
        Profile.objects.update_or_create(
            person=person, defaults={"headline": headline, "about": about, "country": country}
        )
        _replace(
            person,
            SpokenLanguage,
            [SpokenLanguage(person=person, code=code, fluency=fluency) for code, fluency in languages],
        )
        search.refresh([person.pk])
        words_changed()
    if zone != was:
        plan_again(person, now=timezone.now())


@transaction.atomic
def save_skills(person: User, skills: Iterable[tuple[int, int]]) -> None:
    """`skills` are (id of the skill, level), each skill once."""
    _lock(person)
    rows = [PersonSkill(person=person, skill_id=skill, level=level) for skill, level in skills]
    _replace(person, PersonSkill, rows)
    search.refresh([person.pk])


@transaction.atomic
def save_exchange(person: User, *, wishes: Iterable[int], offers: Iterable[tuple[int, str]]) -> None:
    """`wishes` are ids of skills, `offers` (id of the skill, words); each skill once in either."""
    _lock(person)
    _replace(person, LearningWish, [LearningWish(person=person, skill_id=skill) for skill in wishes])
    rows = [Offer(person=person, skill_id=skill, words=words) for skill, words in offers]
    _replace(person, Offer, rows)
    search.refresh([person.pk])


@transaction.atomic
def save_week(person: User, half_hours: Iterable[int]) -> None:
    """`half_hours` are indices 0..335 of the week in the person's own zone."""
    _lock(person)
    Profile.objects.update_or_create(person=person, defaults={"week": from_indices(half_hours)})
    search.refresh([person.pk])


def words_changed() -> None:
    """Let a worker compute anew what people's words mean."""
    # by the task's name: matching is a higher app
    publish_on_commit("matching.compute_meanings")


def _lock(person: User) -> None:
    User.objects.select_for_update(no_key=True).get(pk=person.pk)


def _replace(person: User, model: type[models.Model], rows: list[Any]) -> None:
    model._default_manager.filter(person=person).delete()
    model._default_manager.bulk_create(rows)
