"""What permissions say of every address; the columns are the actors of ACTORS."""

from dataclasses import dataclass

ACTORS = ("An", "Mo", "Ee", "Er", "PA", "PX", "SU")
ALL_405 = "L   405 405 405 405 405 405"
OWN = "L   200 200 200 200 200 200"
MEMBERS = "L   200 200 200 200 404 404"
PAIR_AND_ADMIN = "L   404 200 200 200 404 404"
ADMIN = "L   404 404 404 200 404 404"
ADMIN_DOES = "L   404 404 404 302 404 404"
NOBODY = "L   404 404 404 404 404 404"


@dataclass(frozen=True)
class Row:
    """Expected answers to GET and to an empty POST; `on` picks what the address is about.

    Where `swaps`, htmx gets the part of the page that changed, and a redirect without it.
    """

    name: str
    on: str
    get: str
    post: str
    swaps: bool = False


ROWS = [
    Row("home:home", "", "200 302 302 302 302 302 200", "405 405 405 405 405 405 405"),
    Row("home:health", "", "200 200 200 200 200 200 200", "405 405 405 405 405 405 405"),
    # For monitoring, which has a token; without one nobody is told that it is there
    Row("home:due", "", "404 404 404 404 404 404 404", "405 405 405 405 405 405 405"),
    Row("home:program-home", "program", MEMBERS, ALL_405),
    # One's own profile
    Row("accounts:profile", "", OWN, ALL_405),
    Row("accounts:basics", "", OWN, OWN),
    Row("accounts:skills", "", OWN, OWN),
    Row("accounts:exchange", "", OWN, OWN),
    Row("accounts:skill-search", "", OWN, ALL_405),
    Row("accounts:availability", "", OWN, "L   302 302 302 302 302 302"),
    Row("accounts:photo-edit", "", OWN, OWN),
    Row("accounts:photo-remove", "", ALL_405, "L   302 302 302 302 302 302"),
    Row("accounts:photo", "photo", MEMBERS, ALL_405),
    Row("accounts:accomplishment-new", "", OWN, OWN),
    Row(
        "accounts:accomplishment-edit",
        "accomplishment",
        "L 404 404 200 404 404 404",
        "L 404 404 200 404 404 404",
    ),
    Row(
        "accounts:accomplishment-delete",
        "accomplishment",
        "L 404 404 200 404 404 404",
        "L 404 404 302 404 404 404",
    ),
    Row(
        "accounts:confirmation-ask",
        "accomplishment",
        "L 404 404 200 404 404 404",
        "L 404 404 200 404 404 404",
    ),
    Row("accounts:confirmation-withdraw", "accomplishment", ALL_405, "L 404 404 302 404 404 404"),
    Row("accounts:correction-accept", "accomplishment", ALL_405, "L 404 404 302 404 404 404"),
    Row("accounts:correction-refuse", "accomplishment", ALL_405, "L 404 404 302 404 404 404"),
    # For whoever holds the token, once; nothing is answered by an empty form
    Row("accounts:confirm", "question", "200 200 200 200 200 200 200", "200 200 200 200 200 200 200"),
    Row("accounts:learning-new", "", OWN, OWN),
    Row("accounts:learning-why", "", OWN, ALL_405),
    Row("accounts:profile-preview", "", "L   302 302 302 302 302 200", ALL_405),
    Row("programs:profile-preview", "program", MEMBERS, ALL_405),
    Row("accounts:learning-edit", "learning", "L 404 404 200 404 404 404", "L 404 404 200 404 404 404"),
    Row("accounts:learning-delete", "learning", "L 404 404 200 404 404 404", "L 404 404 302 404 404 404"),
    Row("accounts:sign-in-end", "sign-in", ALL_405, "L   404 404 302 404 404 404"),
    # One's mails
    Row("outbox:choices", "", OWN, OWN),
    Row("outbox:mail-stop", "mail", "200 200 200 200 200 200 200", "200 200 200 200 200 200 200"),
    # One's own data: the file is for its person alone, by the mail's link
    Row("owndata:download", "", OWN, "L   302 302 302 302 302 302"),
    Row("owndata:download-progress", "", OWN, ALL_405),
    Row("owndata:download-file", "download", "L   404 200 404 404 404 404", ALL_405),
    Row("owndata:erase", "", OWN, OWN),
    Row("owndata:erased", "", "200 200 200 200 200 200 200", "405 405 405 405 405 405 405"),
    # Programs
    Row("programs:join", "token", "302 302 302 302 302 200 200", "302 302 302 302 302 200 200"),
    Row("programs:membership", "program", MEMBERS, MEMBERS),
    Row("programs:membership-leave", "program", MEMBERS, "L   302 302 302 200 404 404"),
    Row("programs:membership-pause", "program", ALL_405, MEMBERS),
    Row("programs:membership-unpause", "program", ALL_405, "L   302 302 302 302 404 404"),
    Row("programs:member-remove", "member", ADMIN, ADMIN_DOES),
    Row("programs:settings", "program", ADMIN, ADMIN),
    Row("programs:audit", "program", "L   404 404 404 200 404 200", ALL_405),
    Row("programs:program-new", "first step", "L   404 404 404 404 404 200", "L   404 404 404 404 404 200"),
    Row("programs:join-by-domain", "program", NOBODY, NOBODY),
    Row("programs:invitation-list", "program", ADMIN, ALL_405),
    Row("programs:invitation-new", "program", ADMIN, ADMIN),
    Row("programs:link-rotate", "program", ALL_405, ADMIN_DOES),
    Row("programs:invitation-withdraw", "invitation", ALL_405, ADMIN_DOES),
    Row("programs:invitation-resend", "invitation", ALL_405, ADMIN_DOES),
    Row("programs:applicant-accept", "applicant", ALL_405, ADMIN_DOES),
    Row("programs:applicant-decline", "applicant", ALL_405, ADMIN_DOES),
    # Whoever has the mail sees it, and takes it when signed in, once
    Row(
        "programs:invitation-accept",
        "invitation token",
        "200 200 200 200 200 200 200",
        "200 302 302 302 302 302 302",
    ),
    Row("programs:person-detail", "person", MEMBERS, ALL_405),
    Row("programs:directory", "program", MEMBERS, ALL_405),
    Row("programs:favourite-add", "person", ALL_405, "L   302 302 404 302 404 404", swaps=True),
    Row("programs:favourite-remove", "person", ALL_405, "L   302 302 302 302 404 404", swaps=True),
    # Not oneself
    Row("programs:exclusion-new", "person", "L   200 200 404 200 404 404", "L   302 302 404 302 404 404"),
    Row("programs:exclusion-list", "", OWN, ALL_405),
    Row("programs:exclusion-delete", "exclusion", ALL_405, "L   404 404 302 404 404 404"),
    Row("programs:member-list", "program", ADMIN, ALL_405),
    Row("programs:member-edit", "member", ADMIN, ADMIN),
    # The program's own words for skills
    Row("programs:skill-list", "program", ADMIN, ALL_405),
    Row("programs:skill-new", "program", ADMIN, ADMIN),
    Row("programs:skill-edit", "added skill", ADMIN, ADMIN),
    Row("programs:skill-merge", "added skill", ALL_405, ADMIN),
    Row("programs:skill-unmerge", "added skill", ALL_405, ADMIN_DOES),
    Row("programs:skill-restore", "added skill", ALL_405, ADMIN_DOES),
    Row("programs:skill-remove", "added skill", ALL_405, ADMIN_DOES),
    # Mails that did not arrive: that they did not, never what they say
    Row("programs:mail-list", "program", ADMIN, ALL_405),
    Row("programs:mail-retry", "failed mail", ALL_405, ADMIN_DOES),
    Row("programs:mail-retry-all", "program", ALL_405, ADMIN_DOES),
    Row("outbox:mail-again", "", ALL_405, "L   302 302 302 302 302 302"),
    # Goals
    Row("goals:goal-list", "program", "L   200 200 404 404 404 404", ALL_405),
    Row("goals:goal-new", "program", "L   200 200 404 404 404 404", "L   200 200 404 404 404 404"),
    # The page shows an admin title and skills alone
    Row("goals:goal-detail", "goal", PAIR_AND_ADMIN, ALL_405),
    Row("goals:goal-edit", "goal", "L   404 200 404 404 404 404", "L   404 200 404 404 404 404"),
    Row("goals:goal-close", "goal", ALL_405, "L   404 302 404 404 404 404"),
    # Requests
    Row("engagements:request-list", "program", MEMBERS, ALL_405),
    Row("engagements:request-new", "person", "L   200 200 404 404 404 404", "L   200 200 404 404 404 404"),
    Row("engagements:request-times", "person", ALL_405, "L   200 200 404 404 404 404"),
    Row("engagements:request-detail", "request", PAIR_AND_ADMIN, ALL_405),
    Row("engagements:request-accept", "request", ALL_405, "L   404 302 302 404 404 404"),
    Row("engagements:other-terms", "request", "L   404 404 200 404 404 404", "L   404 404 200 404 404 404"),
    Row("engagements:other-terms-times", "request", ALL_405, "L   404 404 200 404 404 404"),
    Row("engagements:request-decline", "request", ALL_405, "L   404 404 200 404 404 404"),
    Row("engagements:request-approve", "request to approve", ALL_405, ADMIN_DOES),
    Row("engagements:request-refuse", "request to approve", ALL_405, ADMIN_DOES),
    Row("engagements:request-withdraw", "request", ALL_405, "L   404 302 404 404 404 404"),
    # Engagements: the admin's page of one holds metadata alone
    Row("engagements:engagement-list", "program", MEMBERS, ALL_405),
    Row("engagements:engagement-detail", "engagement", PAIR_AND_ADMIN, ALL_405),
    Row("engagements:engagement-end", "engagement", PAIR_AND_ADMIN, "L   404 302 302 302 404 404"),
    # What a mentee says of a mentor; nobody else has the page
    Row("engagements:empathy", "ended", "L   200 404 404 404 404 404", "L   200 404 404 404 404 404"),
    Row("schedule:week", "", OWN, ALL_405),
    Row("schedule:calendar", "", OWN, ALL_405),
    # What is written of a session: the two alone; whose item or commitment it is, changes it
    Row("notes:agenda-item-add", "session", ALL_405, "L   404 200 200 404 404 404"),
    Row("notes:agenda-item-take-back", "agenda item", ALL_405, "L   404 302 404 404 404 404", swaps=True),
    Row("notes:commitment-make", "session", ALL_405, "L   404 200 200 404 404 404"),
    Row("notes:commitment-finish", "commitment", ALL_405, "L   404 302 404 404 404 404", swaps=True),
    Row("notes:commitment-drop", "commitment", ALL_405, "L   404 302 404 404 404 404", swaps=True),
    Row("notes:commitment-reopen", "commitment", ALL_405, "L   404 302 404 404 404 404", swaps=True),
    Row("notes:shared-note-save", "session", ALL_405, "L   404 302 302 404 404 404", swaps=True),
    Row("notes:private-note-save", "session", ALL_405, "L   404 302 302 404 404 404", swaps=True),
    # A session: the two alone, and no admin. What is posted empty names no proposal, no word, no time.
    Row("schedule:session-detail", "session", "L   404 200 200 404 404 404", ALL_405),
    Row("schedule:session-move", "session", "L   404 200 200 404 404 404", "L   404 200 200 404 404 404"),
    Row("schedule:session-times", "session", ALL_405, "L   404 200 200 404 404 404"),
    Row("schedule:session-move-accept", "session", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:session-move-decline", "session", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:session-move-withdraw", "session", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:session-skip", "session", "L   404 200 200 404 404 404", "L   404 200 200 404 404 404"),
    Row("schedule:session-mark", "session", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:session-link", "session", "L   404 200 200 404 404 404", "L   404 302 302 404 404 404"),
    Row("schedule:series-link", "series", "L   404 200 200 404 404 404", "L   404 302 302 404 404 404"),
    # Calendars elsewhere: one's own; the feed itself is for whoever has its token
    Row("schedule:series-change", "series", "L   404 200 200 404 404 404", "L   404 200 200 404 404 404"),
    Row("schedule:series-change-times", "series", ALL_405, "L   404 200 200 404 404 404"),
    Row("schedule:change-detail", "change", "L   404 200 200 404 404 404", ALL_405),
    Row("schedule:change-accept", "change", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:change-decline", "change", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:change-withdraw", "change", ALL_405, "L   404 302 302 404 404 404"),
    Row("schedule:time-away-list", "", OWN, ALL_405),
    Row("schedule:time-away-new", "", OWN, OWN),
    Row("schedule:time-away-remove", "time away", "L 404 404 200 404 404 404", "L 404 404 302 404 404 404"),
    Row("schedule:feed", "", OWN, ALL_405),
    Row("schedule:feed-make", "", ALL_405, "L   302 302 302 302 302 302"),
    Row("schedule:feed-stop", "", ALL_405, "L   302 302 302 302 302 302"),
    Row("schedule:feed-read", "feed", "200 200 200 200 200 200 200", "405 405 405 405 405 405 405"),
    Row("schedule:busy", "", OWN, OWN),
    Row("schedule:busy-again", "", ALL_405, "L   302 302 302 302 302 302"),
    Row("schedule:busy-stop", "", ALL_405, "L   302 302 302 302 302 302"),
    # Matching
    Row("matching:mentor-list", "program", MEMBERS, ALL_405),
    Row("matching:what-matters", "program", "L   200 200 404 404 404 404", "L   200 200 404 404 404 404"),
    Row("matching:preferred-mentors", "program", "L 200 200 404 404 404 404", "L 200 200 404 404 404 404"),
    Row("matching:preferred-mentees", "program", "L 404 404 200 404 404 404", "L 404 404 200 404 404 404"),
    Row("matching:match-settings", "program", ADMIN, ADMIN),
    Row("matching:match-settings-reset", "program", ALL_405, ADMIN_DOES),
    Row("matching:match-run-list", "program", ADMIN, ALL_405),
    Row("matching:match-run-new", "program", ADMIN, ADMIN),
    Row("matching:match-run-detail", "run", ADMIN, ALL_405),
    Row("matching:match-run-progress", "run", ADMIN, ALL_405),
    Row("matching:match-run-left-out", "run", ADMIN, ALL_405),
    Row("matching:match-run-compare", "two runs", ADMIN, ALL_405),
    Row("matching:match-run-costs", "run", ADMIN, ALL_405),
    Row("matching:match-run-load", "run", ADMIN, ALL_405),
    Row("matching:match-run-changes", "run", ADMIN, ALL_405),
    Row("matching:match-run-cancel", "run", ALL_405, ADMIN_DOES),
    Row("matching:match-run-solve-again", "run", ALL_405, ADMIN_DOES),
    # Which and when has to be said
    Row("matching:match-run-publish", "run", ADMIN, ADMIN),
    Row("matching:match-run-publishing", "run", ADMIN, ALL_405),
    Row("matching:match-run-cancel-publishing", "run", ALL_405, ADMIN_DOES),
    Row("matching:match-run-take-back", "run", ADMIN, ADMIN_DOES),
    # Whom to assign has to be named in the address or the body
    Row("matching:match-run-assign", "run", NOBODY, NOBODY),
    Row("matching:pairing-lock", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:pairing-unlock", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:pairing-remove", "pairing", ADMIN, ADMIN_DOES),
    Row("matching:pairing-swap", "pairing", ADMIN, NOBODY),
    Row("matching:pairing-take-back", "pairing", ALL_405, ADMIN_DOES),
    Row("matching:suggestion-dismiss", "suggestion", ALL_405, "L   404 302 404 404 404 404"),
    # Import and export
    Row("transfer:import-list", "program", ADMIN, ALL_405),
    Row("transfer:import-new", "program", ADMIN, ADMIN),
    Row("transfer:import-detail", "import", ADMIN, ALL_405),
    Row("transfer:import-progress", "import", ADMIN, ALL_405),
    Row("transfer:import-map", "import", ADMIN, ADMIN),
    Row("transfer:import-apply", "import", ALL_405, ADMIN_DOES),
    Row("transfer:import-cancel", "import", ALL_405, ADMIN_DOES),
    Row("transfer:import-errors", "import errors", ADMIN, ALL_405),
    Row("transfer:import-row", "import row", ADMIN, ADMIN),
    Row("transfer:import-row-leave-out", "import row", ALL_405, ADMIN_DOES),
    Row("transfer:export", "program", ADMIN, ALL_405),
    Row("transfer:export-file", "export", ADMIN, ALL_405),
    # Answers under DEBUG alone, which tests run without
    Row("demo:demo-sign-in", "", "404 404 404 404 404 404 404", "404 404 404 404 404 404 404"),
]
# What a library serves: sign-in and one's own account, about nobody else. Tried for no error alone.
LIBRARY = ("account_", "mfa_", "usersessions_", "socialaccount_", "openid_connect_")
