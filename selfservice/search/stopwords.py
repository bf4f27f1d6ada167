"""Small words that say little: searched for only when nothing else was typed."""

from __future__ import annotations

ENGLISH = """
a about am an and any are as at be been but by can cant could did didnt do does doesnt dont for from get
had has have how i if im in is isnt it its me my no not of on or our please should so some that the
their them then there they this to up us was we were what when where which who why will with wont would
you your
"""
DUTCH = """
aan al alle alles als ben bij dan dat de den der deze die dit doe doen door dus een en er ga gaan had
heb hebben heeft het hoe hun ik in is je jij jullie kan kon kun kunnen maar me mee met mij mijn moet
moeten na naar niet nog nu of om ons onze ook op over te ten ter tot u uit uw van via voor waar waarom
wanneer wat we welk welke wie wij wil willen word worden wordt zal ze zich zij zijn zo zonder
"""

STOPWORDS = {"en": frozenset(ENGLISH.split()), "nl": frozenset(DUTCH.split())}
