import pytest

from mentoring.outbox.models import Mail
from tests.outbox.test_dispatch import make_mail
from tests.running import Catcher, Site, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


def test_loop_that_is_asked_to_end_does_so_between_mails(site: Site, catcher: Catcher) -> None:
    catcher.script = lambda to, mail: 1.0
    for n in range(5):
        make_mail(f"person{n}@example.org")
    loop = site.start_loop()
    wait_until(lambda: Mail.objects.filter(attempts=1).exists(), 60, site.logs)
    assert loop.process is not None
    loop.process.terminate()
    assert loop.process.wait(timeout=30) == 0
    states = list(Mail.objects.order_by("pk").values_list("state", "lease"))
    assert ("waiting", None) in states
    assert [state for state, _ in states].count("sent") == len(catcher.mails)
    assert set(states) == {("sent", None), ("waiting", None)}
