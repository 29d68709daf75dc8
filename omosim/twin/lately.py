"""What "the last weeks" of a log are, and how far its shares may be from a market's before worlds are moved or a word is said."""

#: weeks from which a log's shares are read: of goods, of stores, of pickups and of sales
WEEKS = 13
#: by how much a place's part may differ from the market's before it is said
UNLIKE = 1.25
#: by which units and orders of worlds are moved at most, either way
MOST_TIMES = 20.0
