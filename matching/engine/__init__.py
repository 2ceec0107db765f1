"""The matching engine: arrays of people in, scores, reasons and pairs out.

    scoring = Scoring(mentees, mentors, skills, allowed, settings)
    scoring.points([i])                                         one mentee's list
    cohort = assign(scoring, capacity, mentee_ids=…, mentor_ids=…)
    words = explain_all(scoring, rows, columns, zone=…, on=…)

Plain Python, NumPy and numba: nothing here knows of requests, rows or the database. One mentee's list and a
whole cohort go through the same functions. Compiled code is loaded by what solves a cohort, not by importing
this package, so that web pages do without.
"""

from matching.engine.assignment import Assignment, AssignmentError, assign
from matching.engine.criteria import CRITERIA, Criterion, empathy_figures
from matching.engine.explain import Explanation, Part, Quote, explain, explain_all, why_left_out
from matching.engine.feasibility import WORKING_FLUENCY, Infeasible
from matching.engine.people import LEADERSHIP, POLITICAL, TECHNICAL, Allowed, Mentees, Mentors, SkillMap
from matching.engine.phrases import Voice
from matching.engine.scoring import DEFAULT_WEIGHTS, POINTS, Pairs, Parts, Scoring, Settings
from matching.engine.week import HALF_HOURS, say_times, session_starts, week_to_utc

__all__ = [
    "CRITERIA",
    "DEFAULT_WEIGHTS",
    "HALF_HOURS",
    "LEADERSHIP",
    "POINTS",
    "POLITICAL",
    "TECHNICAL",
    "WORKING_FLUENCY",
    "Allowed",
    "Assignment",
    "AssignmentError",
    "Criterion",
    "Explanation",
    "Infeasible",
    "Mentees",
    "Mentors",
    "Pairs",
    "Part",
    "Parts",
    "Quote",
    "Scoring",
    "Settings",
    "SkillMap",
    "Voice",
    "assign",
    "empathy_figures",
    "explain",
    "explain_all",
    "say_times",
    "session_starts",
    "week_to_utc",
    "why_left_out",
]
