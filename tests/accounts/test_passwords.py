"""Passwords: which are refused and why, and how they are hashed."""

import random
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import extract_parameters
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from selfservice.accounts import password_phrases
from selfservice.accounts.password_policy import PasswordRejection, new_password_error, rejection_reason
from selfservice.accounts.passwords import Hasher, HasherBusyError
from selfservice.i18n.languages import using_language
from selfservice.values.access_code import group_code, with_check_character
from tests.sign_in_helpers import all_taken

GOOD = "paarse olifant fietst naar zee"
CODE = with_check_character("ABCDEFGHJKLMNPQ")


def fast() -> Hasher:
    """A hasher that costs next to nothing, for tests that are not about its cost."""
    return Hasher(memory_kib=64, passes=1)


def why(password: str) -> PasswordRejection | None:
    """Why the owner of these names, this address and this code may not have that password."""
    return rejection_reason(
        password,
        names=("Jan", "van der Zonnestraal", "Bakkerij De Gouden Korst"),
        email="jan.visser@goudenkorst.example",
        is_own_code=lambda code: code == CODE,
        owner=("KVK", "Kamer van Koophandel", "het Handelsregister", ""),
    )


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "ik eet elke dag drie appels",
        "k7#mQ9!vZp2$Lx8&",
        "januari is erg koud hier",
        "de kat zit op de mat",
        "ik hou van mijn moeder",
        "naïeve œuvres in Curaçao",
        "пароль из нескольких слов",
        "四つの言葉で十五文字以上にします",
        "  spaces around are kept  ",
        "oranje fiets danst buiten",
        "blauwe lamp 2026 tussen bergen",
        "ABCD-EFGH-JKLM-NPQ and a wrong check",
    ],
)
def test_good_passwords(password: str) -> None:
    """Long passwords of unrelated words, in any script, are fine, whatever kinds of characters they have."""
    assert None is why(password)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", PasswordRejection.TOO_SHORT),
        ("k7#mQ9!vZp2$Lx", PasswordRejection.TOO_SHORT),
        ("k7#mQ9!vZp2$Lx" * 9 + "abc", PasswordRejection.TOO_LONG),
        ("🐘" * 257, PasswordRejection.TOO_LONG),
        ("x" * 15, PasswordRejection.PATTERN),
        (" " * 20, PasswordRejection.PATTERN),
        ("abcabcabcabcabcabc", PasswordRejection.PATTERN),
        ("Winter2026Winter2026", PasswordRejection.PATTERN),
        ("Zomer2026!Herfst2026!", PasswordRejection.PATTERN),
        ("september2026 oktober2026", PasswordRejection.PATTERN),
        ("Amsterdam2026!!!", PasswordRejection.PATTERN),
        ("Feyenoord-voetbal-2025", PasswordRejection.PATTERN),
        ("S3pt3mb3r 2026 !!", PasswordRejection.PATTERN),
        ("iloveyouiloveyou1", PasswordRejection.COMMON),
        ("letmeinletmeinplease", PasswordRejection.COMMON),
        ("g3h31mg3h31m!!!!", PasswordRejection.COMMON),
        ("qwertyuiop1234567", PasswordRejection.COMMON),
        ("1234567890123456", PasswordRejection.COMMON),
        ("zaq12wsxcde34rfv", PasswordRejection.COMMON),
        ("abcdefghijklmnop", PasswordRejection.COMMON),
        ("poiuytrewq 987654321", PasswordRejection.COMMON),
        ("correct horse battery staple", PasswordRejection.PHRASE),
        ("correcthorsebatterystaple", PasswordRejection.PHRASE),
        ("C0rrect-H0rse-Battery-Staple!", PasswordRejection.PHRASE),
        ("correct horse battery staple 2026", PasswordRejection.PHRASE),
        ("staple battery horse correct", PasswordRejection.PHRASE),
        ("ikhouvanjouikhouvanjou!", PasswordRejection.PHRASE),
        ("Ik hou heel veel van jou", PasswordRejection.PHRASE),
        ("ik hou van je schatje", PasswordRejection.PHRASE),
        ("de appel valt niet ver van de boom", PasswordRejection.PHRASE),
        ("DeAppelValtNietVerVanDeBoom1", PasswordRejection.PHRASE),
        ("oost west, thuis best!", PasswordRejection.PHRASE),
        ("wie een kuil graaft voor een ander valt er zelf in", PasswordRejection.PHRASE),
        ("Eén zwaluw maakt nog geen zomer", PasswordRejection.PHRASE),
        ("soldaat van oranje", PasswordRejection.PHRASE),
        ("zie ginds komt de stoomboot", PasswordRejection.PHRASE),
        ("May the Force be with you", PasswordRejection.PHRASE),
        ("to be or not to be, that is the question", PasswordRejection.PHRASE),
        ("thequickbrownfoxjumps", PasswordRejection.PHRASE),
        ("you'll never walk alone", PasswordRejection.PHRASE),
        ("never gonna give you up never gonna let you down", PasswordRejection.PHRASE),
        ("the lord of the rings", PasswordRejection.PHRASE),
        ("time is money, knowledge is power", PasswordRejection.PHRASE),
        ("Winter is coming 2026", PasswordRejection.PHRASE),
        ("1q2w3e4r5t6y7u8i", PasswordRejection.COMMON),
        ("1qaz2wsx3edc4rfv", PasswordRejection.COMMON),
        ("qwertyasdfghzxcvbn", PasswordRejection.COMMON),
        ("mijn kvk hond eet graag", PasswordRejection.CONTEXT),
        ("W3lk0m bij ons allemaal", PasswordRejection.CONTEXT),
        ("P@ssw0rd and some more", PasswordRejection.CONTEXT),
        ("ons wachtwoord is lang", PasswordRejection.CONTEXT),
        ("handelsregister en meer", PasswordRejection.CONTEXT),
        ("zonnestraal in de ochtend", PasswordRejection.CONTEXT),
        ("Z0NN3STR44L in de avond", PasswordRejection.CONTEXT),
        ("jan loopt naar huis toe", PasswordRejection.CONTEXT),
        ("visser vangt vele vissen", PasswordRejection.CONTEXT),
        ("de goudenkorst is lekker", PasswordRejection.CONTEXT),
        ("bakkerij tussen de bomen", PasswordRejection.CONTEXT),
        (f"code {group_code(CODE).lower()}!", PasswordRejection.CONTEXT),
    ],
)
def test_refused_passwords(password: str, reason: PasswordRejection) -> None:
    """What is short, long, guessed first or about the owner is refused, with the reason."""
    assert reason == why(password)


WORDS = """
    tafel emmer spijker wolk trein kaars ladder tuin mandje gordijn schep brug potlood knoop regenjas kompas
    walnoot beker trommel fluit kussen spons vijver dak stoep zolder harp egel mus ijsbeer kersen boterham hamer
    touw rugzak pannenkoek wandelen fluisteren bakken zwaaien tellen graven zingen roeien groen dun zacht scheef
    laag rond nat table bucket nail cloud candle ladder garden basket curtain shovel bridge pencil button raincoat
    compass walnut mug drum flute pillow sponge pond roof pavement attic harp hedgehog sparrow cherries sandwich
    hammer rope backpack pancake whisper stroll baking wave counting digging rowing thin soft crooked low round
    wet slowly
"""


def test_words_of_ones_own() -> None:
    """A few ordinary words in a row, as our pages advise, are never refused."""
    choose = random.Random(20261129)
    made = [choose.choice((" ", "-", "")).join(choose.sample(WORDS.split(), 4)) for _ in range(400)]
    long_enough = [password for password in made if len(password) >= 15]
    assert len(long_enough) > 300
    assert [] == [(password, why(password)) for password in long_enough if why(password)]


def test_published() -> None:
    """What anybody could read somewhere is refused, also with a little added to it."""
    published = ("vier gele eenden zwemmen",)
    typed = ("vier gele eenden zwemmen", "Vier-Gele-Eenden-Zwemmen!", "viergeleeendenzwemmen 2026")
    assert [PasswordRejection.PHRASE] * 3 == [rejection_reason(password, published=published) for password in typed]
    assert [None] * 3 == [rejection_reason(password) for password in typed]


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("mijn kvk hond eet graag", True),
        ("in het HandelsRegister", True),
        ("kamer van koophandel en meer", True),
        ("mijn kat en hond eten graag", False),
    ],
)
def test_names_of_the_owner(app: Flask, password: str, refused: bool) -> None:
    """What the owner and its register are called, by facts and site.toml, may not stand in a password."""
    wired = app.extensions["services"]
    assert refused is bool(new_password_error(wired.db.read(), wired.context, 1, password, demo=True))


@pytest.mark.parametrize("password", [password_phrases.DEMO_PASSWORD, password_phrases.DEMO_ACCOUNT_PASSWORD])
@pytest.mark.parametrize("demo", [True, False])
def test_password_of_the_demonstration(app: Flask, demo: bool, password: str) -> None:
    """A password that is printed with every demonstration is good there and nowhere else; the reason is told."""
    wired = app.extensions["services"]
    with using_language("en"):
        told = new_password_error(wired.db.read(), wired.context, 1, password, demo=demo)
    assert told is None if demo else "Many people know these words" in str(told)


@pytest.mark.parametrize(
    ("length", "reason"),
    [(14, PasswordRejection.TOO_SHORT), (15, None), (128, None), (129, PasswordRejection.TOO_LONG)],
)
def test_lengths(length: int, reason: PasswordRejection | None) -> None:
    """15 to 128 characters; one more or less is refused."""
    password = "".join(chr(0x4E00 + 7 * number) for number in range(length))
    assert reason == why(password)


def test_bytes() -> None:
    """Over 1,024 bytes is refused, however few characters they compose to."""
    syllables = "".join(chr(0xAC00 + 588 * (number % 19) + 28 * (number % 21) + 1) for number in range(120))
    spread = unicodedata.normalize("NFD", syllables)
    assert (None, 1080, PasswordRejection.TOO_LONG) == (why(syllables), len(spread.encode()), why(spread))


def test_length_is_of_composed_characters() -> None:
    """A letter with an accent counts as one, however the keyboard sends it."""
    assert PasswordRejection.TOO_SHORT is why("wie\u0308 du\u0308rft lo\u0308")


def test_limits_come_from_outside() -> None:
    """The lengths are the caller's, so that they can be facts."""
    assert [PasswordRejection.TOO_SHORT, PasswordRejection.TOO_LONG] == [
        rejection_reason(GOOD, minimum=40),
        rejection_reason(GOOD, maximum=20),
    ]


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_text_gets_an_answer(password: str, name: str, email: str) -> None:
    """Whatever is typed, and whatever people are called, is answered with a reason or none."""
    assert rejection_reason(password, names=(name,), email=email) in {None, *PasswordRejection}


def test_half_characters() -> None:
    """Broken Unicode is counted and hashed like anything else."""
    password = "\ud800 kapotte tekens tellen"
    hasher = fast()
    assert (None, True) == (why(password), hasher.verify(hasher.hash(password), password))


def test_parameters() -> None:
    """Hashes are argon2id with 19,456 KiB, two passes, one lane, and a new salt each time."""
    hasher = Hasher()
    one, two = hasher.hash(GOOD), hasher.hash(GOOD)
    assert ("$argon2id$v=19$m=19456,t=2,p=1", False) == (
        one.rpartition("$")[0].rpartition("$")[0],
        one == two,
    )


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        (GOOD, True),
        (GOOD + " ", False),
        (GOOD.upper(), False),
        ("", False),
    ],
)
def test_verify(typed: str, right: bool) -> None:
    """Only the very same password fits, spaces and case included."""
    hasher = fast()
    assert right == hasher.verify(hasher.hash(GOOD), typed)


def test_verify_composes() -> None:
    """A password typed with separate accents fits one typed with composed letters."""
    hasher = fast()
    assert hasher.verify(hasher.hash("zeeën en oceanen"), "zeee\u0308n en oceanen")


@pytest.mark.parametrize("is_known", [True, False])
def test_one_hash_a_try(is_known: bool) -> None:
    """A wrong password costs exactly one hash computation, whoever's it is and whether anyone's."""
    hasher = fast()
    kept = hasher.hash(GOOD) if is_known else None
    before, work = hasher.calls, []
    original = hasher._argon2

    class Watched:
        def verify(self, hashed: str, password: bytes) -> bool:
            work.append(extract_parameters(hashed))
            return original.verify(hashed, password)

    hasher._argon2 = Watched()  # type: ignore[assignment]
    right = hasher.verify(kept, "something else entirely")
    assert (False, 1, [extract_parameters(original.hash(GOOD))]) == (right, hasher.calls - before, work)


def test_nobody_costs_as_much() -> None:
    """The hash that stands for nobody has the parameters of real ones, so verifying takes the same work."""
    hasher = Hasher()
    real, nobody = hasher.hash(GOOD), hasher._dummy_hash
    shapes = [[len(part) for part in each.split("$")] + [each.split("$")[3]] for each in (real, nobody)]
    assert shapes[0] == shapes[1]


def test_nobody_has_no_password() -> None:
    """Nothing that can be typed fits nobody, and the made-up hash is a real one that argon2 computes."""
    hasher = fast()
    assert ([False] * 3, False) == (
        [hasher.verify(None, typed) for typed in ("", GOOD, "nobody")],
        hasher.is_outdated(hasher._dummy_hash),
    )


def test_rehash_when_parameters_rise() -> None:
    """A hash made with weaker parameters is outdated, one made with today's is not."""
    weak, strong = fast(), Hasher(memory_kib=128, passes=1)
    assert (True, False) == (strong.is_outdated(weak.hash(GOOD)), strong.is_outdated(strong.hash(GOOD)))


def test_busy() -> None:
    """Who cannot get a place in time is told so, and costs no hash; when a place is free it works again."""
    hasher = Hasher(concurrent=1, wait_seconds=0.01, memory_kib=64, passes=1)
    with all_taken(hasher):
        with pytest.raises(HasherBusyError):
            hasher.hash(GOOD)
        assert 0 == hasher.calls
    assert hasher.verify(hasher.hash(GOOD), GOOD)


def test_in_order() -> None:
    """Who waits is not overtaken by who comes later: so all wait about as long, and nobody is refused."""
    hasher = Hasher(concurrent=1, memory_kib=64, passes=1)
    done: list[bytes] = []

    class Watched:
        hash = staticmethod(done.append)

    hasher._argon2 = Watched()  # type: ignore[assignment]
    with ThreadPoolExecutor(8) as pool, all_taken(hasher):
        for number in range(8):
            pool.submit(hasher.hash, str(number))
            while hasher._pool._work_queue.qsize() <= number:
                threading.Event().wait(0.001)
    assert [str(number).encode() for number in range(8)] == done


def test_at_most_so_many_at_once() -> None:
    """No more passwords are hashed at one time than there are places, however many ask."""
    hasher = Hasher(concurrent=2, memory_kib=64, passes=1)
    inside, most = 0, 0
    lock = threading.Lock()
    original = hasher._argon2

    class Watched:
        def hash(self, password: bytes) -> str:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            try:
                threading.Event().wait(0.01)
                return original.hash(password)
            finally:
                with lock:
                    inside -= 1

    hasher._argon2 = Watched()  # type: ignore[assignment]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hasher.hash, [GOOD] * 16))
    assert (2, 16) == (most, hasher.calls)


def test_two_at_once_in_a_process(app: Flask) -> None:
    """One process of the server hashes two passwords at a time: those of a moment may all come to one of two."""
    hasher = app.extensions["services"].hasher
    together = threading.Barrier(2, timeout=60)
    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(hasher._run, lambda _: together.wait(), "") for _ in range(2)]
        assert {0, 1} == {wait.result() for wait in waits}


def test_signs_beyond_the_keyboard_count() -> None:
    """A row of different emoji is somebody's own; one emoji over and over is not."""
    different = "".join(chr(0x1F600 + number) for number in range(16))
    assert (None, PasswordRejection.PATTERN) == (
        rejection_reason(different),
        rejection_reason("\N{GRINNING FACE}" * 16),
    )
