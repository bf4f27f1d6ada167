"""Words that passwords are made of most often, in both languages, and runs of keys. Our own list.

At fifteen characters few passwords from any list of breaches are left; those that are consist of these words,
repeated, counted up or followed by a year. So rules with words refuse more of them than a long list of whole
passwords.
"""

# Refused wherever they stand in a password: what everybody thinks of first on this very page. (And the owner's names.)
CONTEXT = (
    "toegangscode", "accesscode", "wachtwoord", "password", "passwort", "welkom", "welcome", "loket",
)  # fmt: skip

COMMON = frozenset(
    """
    aanmelden account admin administrator ajax alexander alles amsterdam andrea angel anita anthony apple
    arsenal asdf ashley avond baby babygirl badminton bakker banaan barcelona baseball basketball batman
    beautiful bedrijf beheerder bier blink bloem blue boekhouding boerderij brabant buiten bureau business
    butterfly changeme charlie cheese chelsea chocolade chocolate city computer concept cookie correct
    daniel datum default demo denhaag dennis diamond dierbaar dinosaur directie dochter dolphin donald
    dragon easy eindhoven elizabeth energie europa family famke fantasie feyenoord fiets flower football
    forever formule freedom friend friends gast geheim geheimpje gelukkig george ginger goedemorgen
    groningen guest guitar haarlem hallo hannah happy harley hello hemel hetismijn hoi holland hond honden
    hotmail hunter ikhou ikhouvanjou iloveyou internet isabella jasmine jennifer jessica jesus jezus
    jordan joshua justin kaas kantoor kat katten kerst killer kind kinderen king koffie konijn koning
    koningin letmein liefde liefje lieveling lieverd limburg liverpool login london love lovely loveyou
    lucky maandag madrid manchester marketing master matthew melissa michael michelle mijn mijnbedrijf
    mijnnaam moeder money monkey monster morgen mother muziek naam naomi nederland netherlands newpassword
    nicole niemand nieuw nijmegen ninja nothing office olifant onderneming onzin open opensesame orange
    oranje paard paarden pass passw passwd paswoord patrick phrase pizza please poes poesje pokemon police
    pool princess prinses private psv purple qazwsx qwerty real robert rotterdam samantha samsung schat
    schatje schatjes scooter secret secure security server service shadow sinterklaas smile sneeuw snoepje
    soccer spiderman standaard standard starwars stefan sunshine superman supervisor support sweet
    sysadmin system temp temporary test tester testing thomas tijdelijk tijger tilburg trustno unicorn
    united user utrecht vader vakantie verander veranderen veranderme verkoop vlinder voetbal vogel vrede
    vriend vrienden vrijdag wacht warrior werk whatever wijzigen winkel winnaar woord zeeland zomaar
    zonnebloem zonneschijn zwolle
    """.split()  # noqa: SIM905 (a word list reads better as words)
)

CALENDAR = frozenset(
    """
    spring summer autumn fall winter lente voorjaar zomer herfst najaar
    january february march april may june july august september october november december
    januari februari maart mei juni juli augustus oktober
    monday tuesday wednesday thursday friday saturday sunday
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
    """.split()  # noqa: SIM905
)

# Parts of names that are words of their own; they give nobody away.
PARTICLES = frozenset(
    """
    van von der den des het ter ten tot the and for www bij aan info mail post contact example
    """.split()  # noqa: SIM905
) | {""}

# Read forwards and backwards; the rows of keyboards sold here, and the columns thumbs wander down.
RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
)
