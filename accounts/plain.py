"""Words as search compares them: without case, accents and signs, in any script.

All of it is done here and none by the database, whose idea of a letter depends on how it was set up.
"""

import re
import unicodedata

# Names that signs are part of.
_SIGNED = {"c++": " cplusplus ", "c#": " csharp ", "f#": " fsharp ", ".net": " dotnet ", "r&d": " rnd "}
# Latin letters that are not another with an accent.
_LATIN = {
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŋ": "ng", "ı": "i",
    "ə": "e", "ŧ": "t", "ƙ": "k", "ɓ": "b", "ɗ": "d",
}  # fmt: skip
# Scripts written without spaces: each letter is a word of its own, and a word is letters in a row.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


class _Plain(dict[int, str]):
    """For str.translate: a letter, a mark that belongs to one, or a digit stays, all else parts words."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter in _LATIN:
            kept = _LATIN[letter]
        elif letter in "'’ʼ":
            kept = ""  # "O'Brien" is "obrien"
        elif UNSPACED.match(letter):
            kept = f" {letter} "
        else:
            kept = letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
        self[code] = kept
        return kept


# Alphabets whose letters have names of their own ("gamma"), of which the first letter is the sound.
_NAMED = ("greek", "hebrew", "arabic", "georgian", "armenian")
_CYRILLIC_SOUNDS = "a b v g d e zh z i k l m n o p r s t u f h ts ch sh sh - y - e yu ya i e"
_CYRILLIC = dict(
    zip(
        "абвгдежзиклмнопрстуфхцчшщъыьэюяіє",
        _CYRILLIC_SOUNDS.split(" "),
        strict=True,
    )
)


class _Latin(dict[int, str]):
    """For str.translate: a letter beyond ASCII by what its Unicode name tells of its sound. Trigrams so have
    letters to compare whatever the script, and "olga" finds Ольга."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter in _CYRILLIC:
            sound = _CYRILLIC[letter].strip("-")
        elif letter.isascii():
            sound = letter
        else:
            name = unicodedata.name(letter, f"{code:x}").lower()
            told = re.split("letter |syllable |ideograph|character |sign ", name)[-1]
            sound = told[0] if name.startswith(_NAMED) else re.sub("[ -]", "", told)
        self[code] = sound
        return sound


_PLAIN, _LETTERS = _Plain(), _Latin()


def plain(text: str) -> str:
    """Words of letters and digits with one space between."""
    text = unicodedata.normalize("NFKD", text.casefold())
    if not text.isascii():
        bare = "".join(letter for letter in text if not unicodedata.combining(letter))
        text = unicodedata.normalize("NFC", bare)
    for signed, word in _SIGNED.items():
        if signed in text:
            text = text.replace(signed, word)
    return " ".join(text.translate(_PLAIN).split())


def in_letters(words: str) -> str:
    """Plain words in ASCII letters."""
    return words if words.isascii() else words.translate(_LETTERS)


_LISTED = "a an and are as at by for from i in into is it me my of on or our that the their to with who"
_SAY_NOTHING = frozenset(_LISTED.split(" "))


def words_of(text: str, most: int = 8) -> list[str]:
    """The first words of what somebody looks for, without those that say nothing if others remain.

    A word of an unspaced script is its letters with spaces between.
    """
    found: list[str] = []
    is_row = False  # whether the last word goes on: letters of an unspaced script stand in a row
    for word in plain(text[:200]).split():
        is_letter = UNSPACED.match(word) is not None
        if is_letter and is_row:
            found[-1] += f" {word}"
        else:
            found.append(word[:40])
        is_row = is_letter
    told = [word for word in found if word not in _SAY_NOTHING] or found
    return told[:most]
