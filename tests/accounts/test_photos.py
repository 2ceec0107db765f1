import http.client
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageCms

from accounts import photos
from accounts.models import Photo, User
from tests import factories
from tests.accounts.pictures import noise, picture, png_of, zeros_packed
from tests.running import Site, catcher, site

__all__ = ["catcher", "site"]

EDIT = reverse("accounts:photo-edit")
MEGAPIXELS_40 = (8000, 5000)
TOO_MANY_PIXELS = "more than 40 megapixels"


def opened(packed: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(packed))
    image.load()
    return image


def upload(client: Client, body: bytes, name: str = "me.jpg"):
    return client.post(EDIT, {"photo": SimpleUploadedFile(name, body, "image/jpeg")})


def address(person: User, size: str = "small", key: str = "") -> str:
    return reverse("accounts:photo", args=[person.pk, key or person.photo_key, size])


@pytest.fixture
def pictured(cast) -> User:
    """The mentor of the cast, with a photo."""
    person = cast.mentor.person
    photos.save_photo(person, photos.Encoded(b"large", b"small"), now=timezone.now())
    return person


# What is taken, and what becomes of it


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("RGB", "CMYK", "L")),
        *(("PNG", mode) for mode in ("RGBA", "P", "1", "I;16", "LA")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ],
)
def test_encode_makes_two_bare_squares_of_every_kind_of_picture(kind, mode):
    encoded = photos.encode(picture(kind, (1500, 900), mode))

    large, small = opened(encoded.large), opened(encoded.small)
    assert [(each.format, each.mode, each.size) for each in (large, small)] == [
        ("WEBP", "RGB", (640, 640)),
        ("WEBP", "RGB", (96, 96)),
    ]
    assert {"exif", "icc_profile", "xmp"} & (large.info.keys() | small.info.keys()) == set()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_encode_turns_the_picture_upright_and_leaves_out_where_it_was_taken(orientation):
    upright = Image.new("RGB", (400, 400), "white")
    upright.paste("red", (0, 0, 200, 200))  # above on the left
    upright.paste("blue", (200, 0, 400, 200))  # above on the right
    # what a camera stores when it is held so: the turn of the standard undone
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    held = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "Camera of Somebody"
    out = io.BytesIO()
    held.save(out, "JPEG", exif=exif, xmp=b"<x:xmpmeta/>", comment=b"secret place")

    encoded = photos.encode(out.getvalue())

    shown = opened(encoded.large)
    corners = [shown.getpixel((50, 50)), shown.getpixel((350, 50)), shown.getpixel((50, 350))]
    for is_, was in zip(corners, [(255, 0, 0), (0, 0, 255), (255, 255, 255)], strict=True):
        assert max(abs(one - other) for one, other in zip(is_, was, strict=True)) < 60
    for trace in (b"Camera", b"secret", b"xmpmeta", b"Exif", b"EXIF", b"ICCP"):
        assert trace not in encoded.large + encoded.small


def test_encode_brings_the_colours_of_another_profile_to_srgb():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    # of another kind than the picture: left aside, and the picture is taken all the same
    strange = picture("PNG", color=(200, 30, 30), icc_profile=profile.tobytes())
    # any bytes at all
    broken = picture("PNG", color=(200, 30, 30), icc_profile=b"no profile")

    for body in (strange, broken):
        shown = opened(photos.encode(body).large).getpixel((50, 50))
        assert isinstance(shown, tuple)
        assert all(abs(is_ - was) < 12 for is_, was in zip(shown, (200, 30, 30), strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_encode_takes_forty_megapixels_within_its_bounds(kind):
    options = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0}}.get(kind, {"progressive": True})
    body = picture(kind, MEGAPIXELS_40, "RGB", color=(90, 120, 60), **options)

    assert opened(photos.encode(body).large).size == (640, 640)


def test_encode_lets_nothing_of_what_follows_a_jpeg_out():
    encoded = photos.encode(picture("JPEG") + b"PK\x03\x04<script>alert(1)</script>")

    assert b"script" not in encoded.large + encoded.small


# What is refused, each with its own words

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ANIMATED = {"save_all": True, "append_images": [Image.new("RGB", (300, 200), "red")], "duration": 100}


def huge_webp() -> bytes:
    """Says it is 16,384 pixels each way; opening it alone would take its decoder two gigabytes."""
    canvas = (16383).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas
    return b"RIFF" + len(body).to_bytes(4, "little") + body


REFUSED = {
    "no bytes": (b"", "This file is empty."),
    "a tiny PNG that says it is huge": (png_of(60_000, 60_000, zeros_packed(1_000_000)), TOO_MANY_PIXELS),
    "the largest PNG there can be": (png_of(2**31 - 1, 2**31 - 1, b""), TOO_MANY_PIXELS),
    "a JPEG that says it is huge": (
        picture("JPEG").replace(b"\x00\xc8\x01\x2c", b"\xff\xff\xff\xff", 1),
        TOO_MANY_PIXELS,
    ),
    "a WebP that says it is huge": (huge_webp(), TOO_MANY_PIXELS),
    "just above": (png_of(8001, 5000, zeros_packed(1_000_000)), TOO_MANY_PIXELS),
    "a drawing": (SVG, "This is a drawing (SVG)."),
    "a renamed program": (b"MZ\x90\x00" + bytes(400), "This is a program, not a picture"),
    "a program of Linux": (b"\x7fELF\x02\x01\x01" + bytes(400), "This is a program, not a picture"),
    "a GIF": (picture("GIF", mode="P"), "This is a GIF."),
    "a film in a GIF that is a JAR too": (picture("GIF", mode="P") + b"PK\x03\x04", "This is a GIF."),
    "a page": (b"<!DOCTYPE html><script>alert(1)</script>", "This file is not a JPEG, PNG or WebP picture"),
    "a PNG that is a ZIP too": (picture("PNG") + b"PK\x03\x04", "this file goes on with something else"),
    "a WebP that is a page too": (picture("WEBP") + b"<script>", "this file goes on with something else"),
    "a page with a JPEG in it": (b"<html>" + picture("JPEG"), "This file is not a JPEG, PNG or WebP picture"),
    "a moving PNG": (picture("PNG", **ANIMATED), "This picture moves."),
    "a moving WebP": (picture("WEBP", **ANIMATED), "This picture moves."),
    "half a JPEG": (noise("JPEG", (600, 600))[:90_000], "breaks off before its end"),
    "half a PNG": (noise("PNG", (300, 300))[:90_000], "breaks off before its end"),
    "half a WebP": (noise("WEBP", (300, 300))[:9_000], "breaks off before its end"),
    "a JPEG of a few bytes": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "breaks off before its end"),
    "too small": (picture("PNG", (95, 400)), "needs at least 96 pixels each way"),
    "a photo in HEIC": (b"\0\0\0\x24ftypheic" + bytes(40), "HEIC or AVIF"),
    "5 MB and a byte": (b"\xff\xd8\xff" + bytes(5_000_000), "larger than 5 MB"),
}


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED)
def test_encode_refuses_in_words(body, words):
    with pytest.raises(photos.PhotoError, match=_literally(words)):
        photos.encode(body)


def _literally(words: str) -> str:
    return words.replace("(", r"\(").replace(")", r"\)").replace(".", r"\.")


SAVE_ANEW = " Save it anew, or choose another."
BOMBS = {
    "pixels that never end": png_of(8000, 5000, zeros_packed(2_000_000_000)),
    "words that never end": png_of(
        300, 200, zeros_packed(1_000_000), (b"zTXt", b"k\0\0" + zeros_packed(10**9))
    ),
    "colours that never end": png_of(
        300, 200, zeros_packed(1_000_000), (b"iCCP", b"k\0\0" + zeros_packed(10**9))
    ),
}
CHILD = """
import resource, sys
from accounts import photos
try:
    photos.encode(open(sys.argv[1], "rb").read())
except photos.PhotoError as refusal:
    print(refusal)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_encode_of_an_honest_head_and_endless_content_stays_within_its_bounds(body, tmp_path):
    """In KiB, of the process that reads it and of ours."""
    path = tmp_path / "bomb"
    path.write_bytes(body)
    program = f"import django, os; django.setup()\n{CHILD}"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "mentoring.settings"}

    ran = subprocess.run(
        [sys.executable, "-c", program, path], env=env, stdout=subprocess.PIPE, text=True, check=True
    )

    words, child, own = ran.stdout.splitlines()
    assert words in (photos.UNREADABLE, "This picture holds more than its measures say." + SAVE_ANEW)
    assert int(child) < 200_000
    assert int(own) < 200_000
    assert len(body) < photos.MOST_BYTES


def test_encode_ends_a_decoder_that_takes_more_than_it_may(monkeypatch):
    monkeypatch.setattr(photos, "MEMORY_BYTES", 300_000_000)

    with pytest.raises(photos.PhotoError, match="takes more to read than Holdfast can give"):
        photos.encode(picture("WEBP", MEGAPIXELS_40, method=0))


# The pages


@pytest.mark.django_db
def test_photo_edit_keeps_the_photo_and_shows_it(client_of):
    person = factories.make_person()

    response = upload(client_of(person), picture())

    assert response.url == EDIT
    person.refresh_from_db()
    assert opened(bytes(person.photo.small)).size == (96, 96)
    page = client_of(person).get(EDIT).text
    assert f'src="{address(person, "large")}"' in page
    assert f'src="{address(person)}"' in page
    shown = client_of(person).get(address(person, "large"))
    assert shown.content == bytes(person.photo.large)


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "words"), [REFUSED[name] for name in ("no bytes", "a drawing", "a GIF")])
def test_photo_edit_says_beside_the_field_why_not_and_keeps_the_old_photo(client_of, pictured, body, words):
    response = upload(client_of(pictured), body)

    (error,) = response.context["form"].errors["photo"]
    assert words in error
    assert response.text.count(error.replace("'", "&#x27;")) == 1
    assert bytes(Photo.objects.get(person=pictured).small) == b"small"


@pytest.mark.django_db
@pytest.mark.parametrize("data", [{}, {"photo": "words"}])
def test_photo_edit_without_a_file_asks_for_one(client_of, data):
    response = client_of(factories.make_person()).post(EDIT, data)

    assert response.context["form"].errors["photo"] == ["Choose a file first."]


@pytest.mark.django_db
@pytest.mark.parametrize("most", [5_000_001, 30_000_000])
def test_photo_edit_throws_a_large_file_away_while_it_comes(client_of, most):
    person = factories.make_person()

    response = upload(client_of(person), b"\xff\xd8\xff" + bytes(most))

    assert response.context["form"].errors["photo"] == [photos.TOO_LARGE]
    assert not response.wsgi_request.FILES
    assert not Photo.objects.filter(person=person).exists()


@pytest.mark.django_db
def test_photo_edit_counts_the_files_of_one_upload_together(client_of):
    three = {f"photo{n}": SimpleUploadedFile("me.jpg", bytes(2_000_000)) for n in range(3)}

    response = client_of(factories.make_person()).post(EDIT, three)

    assert sorted(response.wsgi_request.FILES) == ["photo0", "photo1"]


@pytest.mark.django_db
def test_one_person_keeps_the_server_busy_with_one_picture_at_a_time_and_few_an_hour(client_of, monkeypatch):
    monkeypatch.setattr(photos, "TRIES_AN_HOUR", 2)
    person, now = factories.make_person(), timezone.now()
    client = client_of(person)
    with photos.turn_of(person, now):
        assert "is still being read" in upload(client, picture("JPEG")).text
    assert "This file is not a JPEG" in upload(client, b"no picture").text

    assert "2 pictures an hour at most" in upload(client, picture("JPEG")).text
    assert not Photo.objects.exists()
    assert upload(client_of(factories.make_person()), picture("JPEG")).status_code == 302


def test_photo_remove_leaves_initials(client_of, pictured):
    client = client_of(pictured)
    was = address(pictured)

    assert client.get(reverse("accounts:photo-remove")).status_code == 405
    client.post(reverse("accounts:photo-remove"))

    assert not Photo.objects.exists()
    assert client.get(was).status_code == 404
    assert "<img" not in client.get(EDIT).text


# Who sees it


@pytest.mark.django_db
def test_photo_is_for_members_of_a_common_program_and_nobody_else(cast, client_of, pictured):
    superuser = User.objects.create_superuser("super@example.org", factories.PASSWORD, name="Super")
    url = address(pictured)

    for person in (pictured, cast.mentee.person, cast.admin.person):
        response = client_of(person).get(url)
        assert (response.status_code, response.content) == (200, b"small")
        assert response.headers["Content-Type"] == "image/webp"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    for person in (cast.stranger, superuser, factories.make_person()):
        assert client_of(person).get(url).status_code == 404
    assert Client().get(url).url.startswith(reverse("account_login"))


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["reader", "shown"])
def test_photo_is_gone_with_the_next_request_when_either_leaves(cast, client_of, pictured, who):
    client = client_of(cast.mentee.person)
    etag = client.get(address(pictured)).headers["ETag"]
    kept = client.get(address(pictured), headers={"If-None-Match": etag})
    assert (kept.status_code, kept.content, kept.headers["Cache-Control"]) == (304, b"", "private, no-cache")

    leaver = cast.mentee if who == "reader" else cast.mentor
    leaver.left_at = timezone.now()
    leaver.save(update_fields=["left_at"])

    assert client.get(address(pictured), headers={"If-None-Match": etag}).status_code == 404
    assert client_of(pictured).get(address(pictured)).status_code == 200


@pytest.mark.django_db
def test_photo_of_somebody_whose_account_is_closed_is_gone(cast, client_of, pictured):
    pictured.is_active = False
    pictured.save(update_fields=["is_active"])

    assert client_of(cast.mentee.person).get(address(pictured)).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("size", "key"), [("small", "x" * 22), ("person", ""), ("updated_at", ""), ("96", "")]
)
def test_photo_by_a_wrong_key_or_size_is_not_found(client_of, pictured, size, key):
    assert client_of(pictured).get(address(pictured, size, key)).status_code == 404


@pytest.mark.django_db
def test_photo_replaced_has_another_address(client_of, pictured):
    was = address(pictured)

    upload(client_of(pictured), picture())

    pictured.refresh_from_db()
    assert address(pictured) != was
    assert client_of(pictured).get(was).status_code == 404


# What it costs a web server


def peak_kib(pid: int) -> int:
    """The most memory that a process, and each of its children, has held at once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max([own, *(peak_kib(int(child)) for child in children)])


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_uploads_do_not_fill_the_memory_of_the_web_server(site: Site, tmp_path, client_of):
    """30 MB files and bombs, six at a time, to a real server."""
    person = factories.make_person()
    session = client_of(person).cookies["sessionid"].value
    site.env["TMPDIR"] = str(tmp_path / "uploads")
    (tmp_path / "uploads").mkdir()
    web = site.start_web(workers=1)
    token = "a" * 32
    bodies = [b"\xff\xd8\xff" + bytes(30_000_000), BOMBS["pixels that never end"], REFUSED["a drawing"][0]]

    def post(body: bytes) -> tuple[int, str]:
        boundary = "holdfastboundary"
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; name=csrfmiddlewaretoken\r\n\r\n{token}\r\n"
            f"--{boundary}\r\nContent-Disposition: form-data; name=photo; filename=me.jpg\r\n"
            "Content-Type: image/jpeg\r\n\r\n"
        )
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        connection.request(
            "POST",
            EDIT,
            head.encode() + body + f"\r\n--{boundary}--\r\n".encode(),
            {
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Cookie": f"sessionid={session}; csrftoken={token}",
                "Origin": site.url,
            },
        )
        response = connection.getresponse()
        return response.status, response.read().decode()

    post(REFUSED["a GIF"][0])
    before = peak_kib(web.pid)
    answers: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda b=body: answers.append(post(b))) for body in bodies * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [status for status, _ in answers] == [200] * 6
    assert sum("larger than 5 MB" in page for _, page in answers) == 2
    assert peak_kib(web.pid) - before < 60_000
    assert list((tmp_path / "uploads").iterdir()) == []
