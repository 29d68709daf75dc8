"""Coalitions between two strategies: which capabilities are on when some of what differs has been taken over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from omosim.study.shapley import effective

ADDED, DROPPED, CHANGED = "added", "dropped", "changed"
#: a coalition: the capabilities that are on, each with whether its row is the target's
State = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Player:
    """Capabilities that are taken over together: one, or the rest of those that were not named."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Game:
    """What differs between a source and a target strategy, in players.

    source, target : capabilities that are on; changed : those on in both with other levels or costs
    requires, excludes : capability -> capabilities without which, and beside which, it cannot act
    """

    players: tuple[Player, ...]
    source: frozenset[str]
    target: frozenset[str]
    changed: frozenset[str]
    requires: Mapping[str, Sequence[str]]
    excludes: Mapping[str, Sequence[str]]

    @property
    def count(self) -> int:
        """Number of players."""
        return len(self.players)

    @property
    def full(self) -> int:
        """The coalition of all."""
        return (1 << self.count) - 1

    def change(self, player: int) -> str:
        """added | dropped | changed; of several members what most of them are."""
        kinds = [self._kind(name) for name in self.players[player].members]
        return max((ADDED, CHANGED, DROPPED), key=kinds.count)

    def _kind(self, name: str) -> str:
        return CHANGED if name in self.changed else ADDED if name in self.target else DROPPED

    def state(self, mask: int) -> State:
        """What is on under a coalition (bit i: player i): rows taken over from the target, the others of the source.

        A capability without what it requires is off, and so is a newcomer beside one of the source that excludes it: the
        coalition is worth what its able members are.
        """
        taken = {name for i, player in enumerate(self.players) if mask >> i & 1 for name in player.members}
        on = (self.source - taken) | (self.target & taken)
        old = self.source - taken
        on -= {name for name in on - self.source if any(other in old for other in self._against(name))}
        names = sorted(on)
        place = {name: i for i, name in enumerate(names)}
        never = 1 << len(names)  # bit of what is not on
        needs = [sum(1 << place[other] if other in place else never for other in set(self.requires.get(name, ()))) for name in names]
        able = effective((1 << len(names)) - 1, needs)
        return tuple((name, name in taken) for i, name in enumerate(names) if able >> i & 1)

    def _against(self, name: str) -> set[str]:
        return {*self.excludes.get(name, ()), *(other for other, against in self.excludes.items() if name in against)}

    def company(self, player: int, mask: int) -> int:
        """The coalition that grows by a player and those players without whom it cannot act."""
        grown = mask | 1 << player
        while True:
            state = dict(self.state(grown))
            idle = [name for i, p in enumerate(self.players) if grown >> i & 1 for name in p.members if name in self.target and name not in state]
            wanted = {other for name in idle for other in self.requires.get(name, ()) if other not in state}
            blocking = {other for name in idle for other in self._against(name) if other in state}
            more = sum(1 << i for i, p in enumerate(self.players) if not grown >> i & 1 and (wanted & set(p.members) & self.target or blocking & set(p.members)))
            if not more:
                return grown
            grown |= more

    def linked(self, a: int, b: int) -> bool:
        """Whether one of two players needs the other."""
        return any(
            other in self.players[y].members for x, y in ((a, b), (b, a)) for name in self.players[x].members for other in self.requires.get(name, ())
        )


def game(source: Mapping[str, object], target: Mapping[str, object], named: Iterable[str], requires: Mapping[str, Sequence[str]], excludes: Mapping[str, Sequence[str]]) -> Game:
    """The game between two strategies.

    Parameters
    ----------
    source, target : capability -> its row, of those that are on; rows are compared for equality
    named : players; what else differs is one further player ("the other 11"). Empty: each capability that differs is a player
    """
    differs = [name for name in dict.fromkeys([*target, *source]) if (name in source) != (name in target) or source[name] != target[name]]
    chosen = [name for name in named if name in differs]
    players = [Player(name, (name,)) for name in (chosen or differs)]
    rest = tuple(name for name in differs if chosen and name not in chosen)
    if rest:
        players.append(Player(rest[0] if len(rest) == 1 else f"the other {len(rest)}", rest))
    changed = frozenset(name for name in differs if name in source and name in target)
    return Game(tuple(players), frozenset(source), frozenset(target), changed, dict(requires), dict(excludes))
