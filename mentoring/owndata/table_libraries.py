"""The same for the models of libraries that hold something of a person."""

from mentoring.owndata.rules import Fate, Rule, Way

LIBRARIES = (
    Rule(
        "account.EmailConfirmation",
        "confirmations of addresses",
        (Way("email_address__user", Fate.FOLLOWS),),
        export=("created", "sent"),
        hidden=("email_address", "key"),  # the key of a link
    ),
    Rule("account.EmailAddress", "mail addresses", (Way("user"),), ("email", "verified", "primary")),
    # The secrets themselves are never given: whoever has them is the second factor.
    Rule(
        "mfa.Authenticator",
        "second factors",
        (Way("user"),),
        ("type", "created_at", "last_used_at"),
        ("data",),
    ),
    Rule(
        "usersessions.UserSession",
        "sign-in sessions",
        (Way("user"),),
        export=("created_at", "last_seen_at", "ip", "user_agent"),
        hidden=("session_key", "data"),  # whoever has the key is signed in
    ),
    Rule(
        "socialaccount.SocialToken",
        "tokens of identity providers",
        (Way("account__user", Fate.FOLLOWS),),
        export=("app", "expires_at"),
        hidden=("account", "token", "token_secret"),  # whoever has them is signed in there
        related=("app",),
    ),
    Rule(
        "socialaccount.SocialAccount",
        "identity providers",
        (Way("user"),),
        export=("provider", "uid", "last_login", "date_joined", "extra_data"),
    ),
    Rule("accounts.User_groups", "groups", (Way("user"),), export=("group",), related=("group",)),
    Rule(
        "accounts.User_user_permissions",
        "permissions",
        (Way("user"),),
        export=("permission",),
        related=("permission",),
    ),
)
