"""Phrases that many people know, so that guessing tries them early: proverbs, titles, lines of songs and films.

Our own collection, in the languages of the site: titles and sayings are facts, and no list was copied. One a line, as
it is said; spaces, capitals, accents and punctuation do not count. At least ten letters, so that none is found by
chance in somebody's own words. (Runs of keys stand in password_words.py.)
"""

ENGLISH = """
correct horse battery staple
correct horse battery
horse battery staple
staple battery horse correct
a penny saved is a penny earned
a picture is worth a thousand words
a rolling stone gathers no moss
a stitch in time saves nine
absence makes the heart grow fonder
actions speak louder than words
all is fair in love and war
all is well that ends well
all that glitters is not gold
an apple a day keeps the doctor away
an eye for an eye
at the end of the day
beauty is in the eye of the beholder
better late than never
better safe than sorry
birds of a feather flock together
blood is thicker than water
cleanliness is next to godliness
curiosity killed the cat
do not count your chickens
dont count your chickens before they hatch
dont judge a book by its cover
dont put all your eggs in one basket
early to bed and early to rise
easy come easy go
every cloud has a silver lining
every dog has its day
fortune favours the bold
fortune favors the bold
good things come to those who wait
great minds think alike
home is where the heart is
honesty is the best policy
hope for the best
if it aint broke dont fix it
ignorance is bliss
it takes two to tango
its raining cats and dogs
keep calm and carry on
keep your friends close
knowledge is power
laughter is the best medicine
let sleeping dogs lie
like father like son
live and let live
live laugh love
look before you leap
love is blind
make hay while the sun shines
money doesnt grow on trees
money makes the world go round
necessity is the mother of invention
never give up
never say never
no news is good news
no pain no gain
nothing ventured nothing gained
once upon a time
out of sight out of mind
patience is a virtue
practice makes perfect
practise what you preach
rome wasnt built in a day
seeing is believing
slow and steady wins the race
the best things in life are free
the early bird catches the worm
the grass is always greener
the pen is mightier than the sword
the quick brown fox jumps over the lazy dog
the quick brown fox
the lazy dog
there is no place like home
theres no place like home
time flies when youre having fun
time heals all wounds
time is money
to be or not to be
that is the question
two heads are better than one
united we stand
when in rome do as the romans do
when life gives you lemons
where there is a will there is a way
where theres smoke theres fire
you cant teach an old dog new tricks
you only live once
i think therefore i am
i have a dream
four score and seven years ago
we the people
in the beginning was the word
in the beginning god created
the lord is my shepherd
our father who art in heaven
i love you so much
i love you forever
i love you more than
i love my family
i miss you so much
i hate passwords
i hate my job
remember this one
happy birthday to you
merry christmas
happy new year
game of thrones
winter is coming
the lord of the rings
one ring to rule them all
you shall not pass
may the force be with you
the force awakens
the empire strikes back
return of the jedi
i am your father
luke i am your father
a long time ago in a galaxy far far away
harry potter
the philosophers stone
the sorcerers stone
the chamber of secrets
the prisoner of azkaban
the goblet of fire
the order of the phoenix
the half blood prince
the deathly hallows
i solemnly swear that i am up to no good
mischief managed
expecto patronum
avada kedavra
wingardium leviosa
the boy who lived
hunger games
the hitchhikers guide to the galaxy
so long and thanks for all the fish
live long and prosper
to boldly go
beam me up scotty
space the final frontier
to infinity and beyond
hakuna matata
the lion king
finding nemo
beauty and the beast
pirates of the caribbean
back to the future
the silence of the lambs
the shawshank redemption
the godfather
forrest gump
life is like a box of chocolates
run forrest run
pulp fiction
the dark knight
why so serious
the matrix reloaded
follow the white rabbit
saving private ryan
schindlers list
gone with the wind
frankly my dear i dont give a damn
the wizard of oz
somewhere over the rainbow
were not in kansas anymore
heres looking at you kid
hasta la vista baby
houston we have a problem
to kill a mockingbird
pride and prejudice
the great gatsby
alice in wonderland
breaking bad
the walking dead
stranger things
friends dont lie
the big bang theory
how i met your mother
the simpsons
desperate housewives
elementary my dear watson
my name is bond james bond
shaken not stirred
mission impossible
fast and furious
raiders of the lost ark
jurassic park
life finds a way
the fellowship of the ring
the two towers
the return of the king
do or do not there is no try
yellow submarine
all you need is love
here comes the sun
i want to hold your hand
twinkle twinkle little star
mary had a little lamb
row row row your boat
humpty dumpty sat on a wall
old macdonald had a farm
happily ever after
stairway to heaven
hotel california
bohemian rhapsody
we are the champions
we will rock you
dont stop me now
another one bites the dust
the show must go on
smells like teen spirit
welcome to the jungle
sweet child o mine
another brick in the wall
dark side of the moon
wish you were here
smoke on the water
highway to hell
born to be wild
born in the usa
like a rolling stone
i cant get no satisfaction
dancing queen
the winner takes it all
girls just want to have fun
dont worry be happy
eye of the tiger
final countdown
living on a prayer
livin on a prayer
never gonna give you up
never gonna let you down
i will always love you
my heart will go on
every breath you take
sweet dreams are made of this
what a wonderful world
shape of you
rolling in the deep
baby one more time
shake it off
take me home country roads
youll never walk alone
sweet home alabama
ice ice baby
the sound of silence
bridge over troubled water
knocking on heavens door
nothing else matters
enter sandman
purple rain
billie jean
no woman no cry
manchester united
glory glory man united
world of warcraft
call of duty
grand theft auto
the legend of zelda
super mario
"""

DUTCH = """
correct paard batterij nietje
paard batterij nietje
juist paard batterij niet
al doende leert men
alle begin is moeilijk
alle goede dingen in drieën
alle wegen leiden naar rome
alles heeft zijn prijs
als de kat van huis is dansen de muizen
als het kalf verdronken is dempt men de put
beter een goede buur dan een verre vriend
beter één vogel in de hand dan tien in de lucht
beter laat dan nooit
beter voorkomen dan genezen
blaffende honden bijten niet
de aanhouder wint
de appel valt niet ver van de boom
de beste stuurlui staan aan wal
de druiven zijn zuur
de een zijn dood is de ander zijn brood
de kat uit de boom kijken
de klant is koning
de kogel is door de kerk
de kruik gaat net zo lang te water tot hij breekt
de morgenstond heeft goud in de mond
de ochtendstond heeft goud in de mond
de pot verwijt de ketel dat hij zwart ziet
de tijd heelt alle wonden
de tijd vliegt
de wens is de vader van de gedachte
doe maar gewoon dan doe je al gek genoeg
door de bomen het bos niet meer zien
door schade en schande wordt men wijs
druk druk druk
een ezel stoot zich geen twee keer aan dezelfde steen
een goed begin is het halve werk
een gegeven paard moet je niet in de bek kijken
een kinderhand is gauw gevuld
één zwaluw maakt nog geen zomer
eerlijk duurt het langst
eigen haard is goud waard
eind goed al goed
er gaat niets boven groningen
gedeelde smart is halve smart
geduld is een schone zaak
geld maakt niet gelukkig
geld moet rollen
goede raad is duur
goede wijn behoeft geen krans
haastige spoed is zelden goed
heden ik morgen gij
het is niet alles goud wat er blinkt
het zijn niet allen koks die lange messen dragen
hoe meer zielen hoe meer vreugd
hoge bomen vangen veel wind
hoogmoed komt voor de val
ieder zijn meug
in de beperking toont zich de meester
jong geleerd is oud gedaan
kleren maken de man
kleine potjes hebben grote oren
lachen is gezond
leven en laten leven
liefde is blind
liefde maakt blind
morgen komt er weer een dag
na regen komt zonneschijn
niet geschoten is altijd mis
nieuwe bezems vegen schoon
nood breekt wet
nooit te oud om te leren
oefening baart kunst
onbekend maakt onbemind
oost west thuis best
op een oude fiets moet je het leren
over smaak valt niet te twisten
schijn bedriegt
schoenmaker blijf bij je leest
spreken is zilver zwijgen is goud
stille wateren hebben diepe gronden
tijd is geld
uit het oog uit het hart
van een mug een olifant maken
van het concert des levens krijgt niemand een program
vele handen maken licht werk
verandering van spijs doet eten
vertrouwen komt te voet en gaat te paard
voor niets gaat de zon op
waar een wil is is een weg
waar rook is is vuur
wat de boer niet kent dat eet hij niet
wat niet weet wat niet deert
wie a zegt moet ook b zeggen
wie appelen vaart die appelen eet
wie het kleine niet eert is het grote niet weerd
wie het laatst lacht lacht het best
wie zoekt zal vinden
wie een kuil graaft voor een ander valt er zelf in
wie niet waagt die niet wint
wie goed doet goed ontmoet
wiens brood men eet diens woord men spreekt
zachte heelmeesters maken stinkende wonden
zo gewonnen zo geronnen
zo vader zo zoon
zoals het klokje thuis tikt tikt het nergens
en ze leefden nog lang en gelukkig
lang en gelukkig
lang zal ze leven
lang zal hij leven
hieperdepiep hoera
er is er een jarig hoera
ik hou van jou
ik hou van je
ik hou zoveel van jou
ik hou heel veel van jou
ik hou veel van jou
ik hou van mezelf
ik hou van mijn gezin
ik hou van holland
ik ben verliefd op jou
ik vind jou lief
ik vind je lief
ik weet het niet
ik weet het niet meer
ik ben het vergeten
ik ben de beste
ik haat mijn werk
mijn kinderen zijn alles
je bent mijn alles
jij bent de liefste
voor altijd samen
samen voor altijd
altijd en overal
weet ik veel
geen idee meer
laat me erin
sesam open u
doe de deur open
nooit meer vergeten
dit is geheim
dit is heel geheim
dit is mijn geheim
dit onthoud ik wel
heel veel liefs
fijne kerstdagen
gelukkig nieuwjaar
prettige feestdagen
goede tijden slechte tijden
boer zoekt vrouw
heel holland bakt
wie is de mol
de wereld draait door
spoorloos verdwenen
flodder in amerika
soldaat van oranje
turks fruit
het achterhuis
de ontdekking van de hemel
nijntje pluis
jip en janneke
pluk van de petteflet
kruimeltje
suske en wiske
asterix en obelix
bassie en adriaan
fabeltjeskrant
sesamstraat
hallo meneer de uil
daar bij die molen
tulpen uit amsterdam
aan de amsterdamse grachten
geef mij maar amsterdam
zing vecht huil bid lach werk en bewonder
het is een nacht
bloed zweet en tranen
een eigen huis
ik voel me zo verdomd alleen
brabantse nachten zijn lang
vlieg met me mee
vluchten kan niet meer
oerend hard
over de muur
avond van boudewijn
dat ik je mis
hij was maar een clown
zij gelooft in mij
een beetje verliefd
dromen zijn bedrog
banger hart
twee motten
kleine kokette katinka
mag ik dan bij jou
nooit meer slapen
wilhelmus van nassouwe
ben ik van duitsen bloed
het wilhelmus
hand in hand kameraden
hup holland hup
we houden van oranje
you never walk alone feyenoord
zie ginds komt de stoomboot
zie de maan schijnt door de bomen
sinterklaas kapoentje
o kom er eens kijken
stille nacht heilige nacht
o denneboom
o dennenboom
alle eendjes zwemmen in het water
altijd is kortjakje ziek
in de maneschijn
vader jacob
slaap kindje slaap
berend botje ging uit varen
zakdoekje leggen
de wielen van de bus
ik zag twee beren broodjes smeren
klein klein kleutertje
hoofd schouders knie en teen
onze vader die in de hemelen zijt
in den beginne
leve de koning
leve de koningin
de leeuw van nederland
je maintiendrai
luctor et emergo
"""

# The passwords of the demonstration, with a code and with an e-mail address, are printed at each of its starts, so they
# are everybody's.
DEMO_PASSWORD = "vier gele eenden zwemmen"  # noqa: S105
DEMO_ACCOUNT_PASSWORD = "acht groene kikkers springen"  # noqa: S105
