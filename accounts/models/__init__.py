"""People and what they bring: sign-in, profile, skills, evidence, availability."""

from accounts.models.empathy import EmpathyAggregate, EmpathyRating
from accounts.models.evidence import Accomplishment, Confirmation, LearningRecord
from accounts.models.people import Octets, Photo, Profile, SpokenLanguage, User, UserManager
from accounts.models.search import SearchEntry
from accounts.models.skills import LearningWish, Offer, PersonSkill, Skill, SkillHere

__all__ = [
    "Accomplishment",
    "Confirmation",
    "EmpathyAggregate",
    "EmpathyRating",
    "LearningRecord",
    "LearningWish",
    "Octets",
    "Offer",
    "PersonSkill",
    "Photo",
    "Profile",
    "SearchEntry",
    "Skill",
    "SkillHere",
    "SpokenLanguage",
    "User",
    "UserManager",
]
