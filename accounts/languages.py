"""Languages by their ISO 639-1 codes, named in English, and how well one speaks them."""

from django.conf import global_settings
from django.db import models


class Fluency(models.IntegerChoices):
    BASIC = 1, "basic"
    WORKING = 2, "working"
    FLUENT = 3, "fluent"
    NATIVE = 4, "native"


# Django's own list, and languages that it lacks and people mentor in.
_MORE = {
    "am": "Amharic", "bo": "Tibetan", "ceb": "Cebuano", "fo": "Faroese", "gd": "Scottish Gaelic",
    "gu": "Gujarati", "ha": "Hausa", "haw": "Hawaiian", "ht": "Haitian Creole", "jv": "Javanese",
    "km": "Khmer", "ku": "Kurdish", "lo": "Lao", "mg": "Malagasy", "mi": "Maori", "mt": "Maltese",
    "om": "Oromo", "or": "Odia", "ps": "Pashto", "qu": "Quechua", "rw": "Kinyarwanda", "si": "Sinhala",
    "sm": "Samoan", "sn": "Shona", "so": "Somali", "su": "Sundanese", "ti": "Tigrinya", "tl": "Filipino",
    "tn": "Tswana", "to": "Tongan", "tw": "Twi", "wo": "Wolof", "xh": "Xhosa", "yi": "Yiddish",
    "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu", "lg": "Luganda", "no": "Norwegian", "ny": "Chichewa",
    "st": "Sesotho", "gn": "Guarani", "fj": "Fijian", "dv": "Dhivehi",
    "ak": "Akan", "bm": "Bambara", "cr": "Cree", "ff": "Fulah", "ki": "Kikuyu", "kl": "Greenlandic",
    "nd": "Northern Ndebele", "nv": "Navajo", "se": "Northern Sami",
}  # fmt: skip
_LANGUAGES = {code: name for code, name in global_settings.LANGUAGES if "-" not in code} | _MORE
LANGUAGE_CHOICES: list[tuple[str, str]] = sorted(_LANGUAGES.items(), key=lambda pair: pair[1])


def language_name(code: str) -> str:
    return _LANGUAGES.get(code, code)
