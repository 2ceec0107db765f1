"""The matching engine: arrays of people in, scores, reasons and pairs out.

    scores = score(mentees, mentors, skills, weights)
    possible = feasibility(mentees, mentors, skills, allowed)
    cohort = assign(scores.points, possible.feasible, mentors.capacity, mentee_ids=…, mentor_ids=…)
    words = explain(mentees, mentors, skills, scores, i, j, zone=…, on=…)

Plain Python and NumPy: nothing here knows of requests, rows or the database. One mentee's list and a whole
cohort go through the same functions.
"""

from matching.engine.assignment import Assignment, AssignmentError, assign
from matching.engine.criteria import CRITERIA, Criterion
from matching.engine.explain import Explanation, Part, explain_all, why_left_out
from matching.engine.feasibility import WORKING_FLUENCY, Infeasible
from matching.engine.people import LEADERSHIP, POLITICAL, TECHNICAL, Allowed, Mentees, Mentors, SkillMap
from matching.engine.phrases import Voice
from matching.engine.scoring import DEFAULT_WEIGHTS, POINTS, Pairs, Parts, Scoring, Settings
from matching.engine.week import HALF_HOURS, say_times, session_starts, week_to_utc
from matching.engine.whole import Feasibility, Scores, explain, feasibility, score, why_unmatched

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
    "Feasibility",
    "Infeasible",
    "Mentees",
    "Mentors",
    "Pairs",
    "Part",
    "Parts",
    "Scores",
    "Scoring",
    "Settings",
    "SkillMap",
    "Voice",
    "assign",
    "explain",
    "explain_all",
    "feasibility",
    "say_times",
    "score",
    "session_starts",
    "week_to_utc",
    "why_left_out",
    "why_unmatched",
]
