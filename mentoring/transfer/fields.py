"""The columns of a list of people, and the headings that people give them."""

from accounts.plain import plain

LABELS = {
    "email": "Mail address",
    "name": "Name",
    "role": "Role",
    "skills": "Skills",
    "languages": "Languages",
    "zone": "Time zone",
    "manager": "Manager's mail address",
    "capacity": "Places",
    "goals": "Goals",
}
HINTS = {
    "email": "Tells who it is. Every row needs one.",
    "name": "As the person writes it.",
    "role": "Mentor, mentee, both or program admin.",
    "skills": "Separated by semicolons, with a level from 1 to 4 if you like: Negotiation; SQL:3",
    "languages": "Separated by commas: English, German (native)",
    "zone": "Such as Europe/Paris, Paris or UTC.",
    "manager": "Somebody in the file, or a member. The two are never matched. An empty cell means nobody.",
    "capacity": "How many mentees a mentor takes at once, up to 20.",
    "goals": "Titles, separated by semicolons. Each becomes an open goal.",
}
_HEADINGS = {
    "email": "email|mail|email address|mail address|address|e mail|work email|business email|login|upn|"
    "adresse email|adresse mail|courriel|correo|correo electronico|e mail adresse|mailadresse",
    "name": "name|full name|display name|person|participant|employee|employee name|nom|nom complet|nombre|"
    "nombre completo|vollstandiger name|vor und nachname",
    "role": "role|roles|type|participant type|part|mentor or mentee|mentor mentee|rolle|rol",
    "skills": "skills|skill|expertise|strengths|competencies|competences|can help with|fahigkeiten|"
    "kenntnisse|competencias|habilidades",
    "languages": "languages|language|spoken languages|speaks|sprachen|sprache|langues|langue|idiomas|idioma",
    "zone": "time zone|timezone|zone|tz|iana time zone|zeitzone|fuseau horaire|zona horaria",
    "manager": "manager|managers mail|managers mail address|managers email|manager email|manager mail|"
    "managers email address|manager email address|line manager|line manager email|reports to|supervisor|"
    "supervisor email|boss|vorgesetzter|vorgesetzte|jefe|chef",
    "capacity": "places|capacity|mentees|number of mentees|mentees at once|max mentees|maximum mentees|slots|"
    "plazas|platze",
    "goals": "goals|goal|objectives|objective|wants to reach|ziele|ziel|objectifs|objetivos|objetivo",
}
_FIELD_OF = {heading: field for field, names in _HEADINGS.items() for heading in names.split("|")}


def guess(headings: list[str]) -> dict[str, int]:
    """Which column is what, by its heading; the first of several that fit."""
    found: dict[str, int] = {}
    for column, heading in enumerate(headings):
        field = _FIELD_OF.get(plain(heading))
        if field is not None:
            found.setdefault(field, column)
    return found
