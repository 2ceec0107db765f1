"""Empathy ratings: given one by one, known in aggregates alone."""

from django.db import models
from django.db.models import F, Q

from accounts.models.people import User


class EmpathyRating(models.Model):
    """One mentee's answers about one mentor at one closing; counted only in aggregates of three or more."""

    closing = models.ForeignKey("engagements.Engagement", models.CASCADE, related_name="empathy_ratings")
    mentee = models.ForeignKey(User, models.CASCADE, related_name="empathy_ratings_given")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="empathy_ratings")
    understood = models.PositiveSmallIntegerField()
    listened = models.PositiveSmallIntegerField()
    context = models.PositiveSmallIntegerField()
    honest = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    # When it went into the aggregate, together with those of at least two others; from then on it is fixed.
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["closing", "mentee"], name="empathy_once_per_closing"),
            models.CheckConstraint(
                name="empathy_answers_0_to_4",
                condition=Q(understood__lte=4, listened__lte=4, context__lte=4, honest__lte=4),
            ),
            models.CheckConstraint(name="empathy_not_of_oneself", condition=~Q(mentee=F("mentor"))),
        ]

    def __str__(self) -> str:
        return "an empathy rating"


class EmpathyAggregate(models.Model):
    """What is known of the empathy ratings of a mentor in a program, outside of each mentee's own page.

    Ratings reach it in batches of at least three raters, as sums; it stays what it is when a rating or an
    account is erased, so that no difference between two of its values is one person's answer.
    """

    program = models.ForeignKey("programs.Program", models.CASCADE, related_name="empathy_aggregates")
    mentor = models.ForeignKey(User, models.CASCADE, related_name="empathy_aggregates")
    raters = models.PositiveIntegerField()
    total = models.FloatField()  # sum over raters, each 0..1
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["program", "mentor"], name="empathy_aggregate_once"),
            models.CheckConstraint(name="empathy_aggregate_of_three", condition=Q(raters__gte=3)),
            models.CheckConstraint(
                name="empathy_aggregate_within_scale", condition=Q(total__gte=0, total__lte=F("raters"))
            ),
        ]

    def __str__(self) -> str:
        return "an empathy aggregate"
